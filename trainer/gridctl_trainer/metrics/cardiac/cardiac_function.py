"""Cardiac function from the masks at end-diastole and end-systole: volumes, stroke volume, EF and mass.

Source: Schulz-Menger et al., Journal of Cardiovascular Magnetic Resonance 22:19, 2020. Volumes cover the annotated
slices. Mass is the mass of the myocardium at end-diastole. If epicardium and cavity are outlined instead of the
myocardium, it is the mass of what lies between them, over the slices in which both are outlined.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from gridctl_trainer.metrics.base import NO_SPACING, CaseVolume, PatientVolumes, Undefined

ED: Final = "ED"
ES: Final = "ES"
MYOCARDIUM_G_PER_ML: Final = 1.05

VENTRICLES: Final = ("left_ventricle", "right_ventricle")
_MYOCARDIUM: Final = "myocardium"
_EPICARDIUM: Final = "epicardium"
_CAVITY: Final = "left_ventricle"

Mask = Literal["predicted", "truth"]
Value = float | Undefined
TimePoints = Mapping[str, CaseVolume]


def edv(volumes: TimePoints, mask: Mask) -> Value:
    """End-diastolic volume, in ml."""
    return _ml(volumes, ED, mask)


def esv(volumes: TimePoints, mask: Mask) -> Value:
    """End-systolic volume, in ml."""
    return _ml(volumes, ES, mask)


def stroke_volume(volumes: TimePoints, mask: Mask) -> Value:
    """Stroke volume, EDV - ESV, in ml."""
    diastole, systole = edv(volumes, mask), esv(volumes, mask)
    if isinstance(diastole, Undefined) or isinstance(systole, Undefined):
        return _first_undefined(diastole, systole)
    return diastole - systole


def ejection_fraction(volumes: TimePoints, mask: Mask) -> Value:
    """Ejection fraction, (EDV - ESV) / EDV, in %."""
    pumped, diastole = stroke_volume(volumes, mask), edv(volumes, mask)
    if isinstance(pumped, Undefined) or isinstance(diastole, Undefined):
        return _first_undefined(pumped, diastole)
    return 100 * pumped / diastole if diastole > 0 else Undefined(f"{_named(mask)} EDV is 0")


def mass(volumes: PatientVolumes, mask: Mask) -> Value:
    """Mass of the left ventricle's myocardium at end-diastole, in g."""
    at_end = volumes.get(ED)
    if at_end is None:
        return Undefined(f"no {ED}")
    if _MYOCARDIUM in at_end:
        wall = _ml(at_end, _MYOCARDIUM, mask)
    elif _EPICARDIUM in at_end and _CAVITY in at_end:
        wall = _between_ml(at_end[_EPICARDIUM], at_end[_CAVITY], mask)
    else:
        return Undefined("myocardium not outlined")
    return wall if isinstance(wall, Undefined) else MYOCARDIUM_G_PER_ML * wall


def _ml(volumes: Mapping[str, CaseVolume], key: str, mask: Mask) -> Value:
    volume = volumes.get(key)
    if volume is None:
        return Undefined(f"no {key}")
    voxels = volume.true_voxels if mask == "truth" else volume.predicted_voxels
    return voxels * volume.voxel_ml if volume.has_spacing else NO_SPACING


def _between_ml(outer: CaseVolume, inner: CaseVolume, mask: Mask) -> Value:
    """Volume inside one structure and outside another, in ml, over the slices in which both are annotated."""
    import numpy as np

    both = np.intersect1d(outer.slices, inner.slices)
    if not len(both):
        return Undefined("no slice with both contours")
    if not outer.has_spacing:
        return NO_SPACING
    of_outer, of_inner = (getattr(item, mask)[np.isin(item.slices, both)] for item in (outer, inner))
    return int(np.count_nonzero(of_outer & ~of_inner)) * outer.voxel_ml


def _first_undefined(*values: Value) -> Undefined:
    return next(value for value in values if isinstance(value, Undefined))


def _named(mask: Mask) -> str:
    return "true" if mask == "truth" else "predicted"
