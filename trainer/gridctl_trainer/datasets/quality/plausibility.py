"""Judges whether the labels of a patient can be right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from gridctl_trainer.datasets.quality.contour_fit import bright_border_share
from gridctl_trainer.datasets.quality.image_content import note_blank_slices, note_repeated_images, note_specks
from gridctl_trainer.datasets.quality.label_swaps import note_swapped
from gridctl_trainer.datasets.quality.oddities import Notice, Oddity, StructureOddity
from gridctl_trainer.datasets.slices import LabelledSlice, cavity_ml

LEAST_BRIGHT_BORDER: Final = 0.8
"""If a patient's mean `bright_border_share` is lower, the labels belong to another heart."""

_ODD_BRIGHT_BORDER: Final = 0.5
_OUTSIDE: Final = 0.1
_USUAL_VOLUME_ML: Final = (30.0, 600.0)
_POSSIBLE_VOLUME_ML: Final = (15.0, 1000.0)
"""Range of end-diastolic volumes outside of which the spacing is wrong; 49 to 374 ml in ACDC's training patients."""
_WHOLE_HEART_SLICES: Final = 4
"""With fewer slices, a small volume is not evidence of wrong spacing."""
_PART_OF_A_HEART_ML: Final = 10.0
"""Smallest volume that is not reported if there are fewer slices."""
_EJECTION_FRACTION: Final = (0.05, 0.9)


def judge(slices: Sequence[LabelledSlice], notice: Notice) -> None:
    """Check all slices of one patient.

    Args:
        slices: Slices of both phases of one patient.
        notice: Called with everything that cannot be right or is unusual.
    """
    note_blank_slices(slices, notice)
    note_repeated_images(slices, notice)
    if not note_swapped(slices, notice):
        _border(slices, notice)
    note_specks(slices, notice)
    _inside_its_wall(slices, notice)
    _gaps(slices, notice)
    _volumes(slices, notice)


def ejection_fraction(slices: Sequence[LabelledSlice]) -> float | None:
    """The ejection fraction (EDV - ESV) / EDV of the true masks; None without both phases or slice distances."""
    if {labelled.phase for labelled in slices} != {"ED", "ES"}:
        return None
    diastole_ml, systole_ml = cavity_ml(slices, "ED"), cavity_ml(slices, "ES")
    return (diastole_ml - systole_ml) / diastole_ml if diastole_ml > 0 else None


def _border(slices: Sequence[LabelledSlice], notice: Notice) -> None:
    shares = [(labelled, bright_border_share(labelled.image, labelled.mask)) for labelled in slices]
    known = [share for _, share in shares if share is not None]
    if known and float(np.mean(known)) < LEAST_BRIGHT_BORDER:
        what = (
            f"the cavity is brighter than what surrounds it in only {np.mean(known):.0%} of all directions: "
            "are these the labels of another patient?"
        )
        notice(Oddity(what, str(slices[0].source.parent), wrong=True))
        return
    for labelled, share in shares:
        if share is not None and share < _ODD_BRIGHT_BORDER:
            what = f"{labelled.name}: the cavity is darker than what surrounds it in most directions"
            notice(Oddity(what, str(labelled.source)))


def _inside_its_wall(slices: Sequence[LabelledSlice], notice: Notice) -> None:
    for labelled in slices:
        outer = labelled.structures.get("epicardium")
        if outer is None or not labelled.mask.any():
            continue
        outside = float((labelled.mask & (1 - outer)).sum() / labelled.mask.sum())
        if outside > _OUTSIDE:
            what = f"{labelled.name}: {outside:.0%} of the cavity lies outside the outer contour"
            notice(StructureOddity(what, str(labelled.source), wrong=True, about=("epicardium", "myocardium")))


def _gaps(slices: Sequence[LabelledSlice], notice: Notice) -> None:
    """Report slices without a cavity between slices that have one."""
    for phase in ("ED", "ES"):
        labelled = sorted((item for item in slices if item.phase == phase), key=lambda item: item.index)
        filled = [item.index for item in labelled if item.mask.any()]
        missing = sorted(set(range(filled[0], filled[-1] + 1)) - set(filled)) if filled else []
        if missing:
            what = f"{labelled[0].patient} {phase}: no cavity on slices {missing}, between others that have one"
            notice(Oddity(what, str(labelled[0].source)))


def _volumes(slices: Sequence[LabelledSlice], notice: Notice) -> None:
    where = str(slices[0].source.parent)
    phases = {labelled.phase for labelled in slices}
    if phases != {"ED", "ES"}:
        notice(Oddity(f"only {', '.join(phases)} is labelled, so there is no ejection fraction", where))
        return
    fraction, volume_ml = ejection_fraction(slices), cavity_ml(slices, "ED")
    if fraction is None:
        return
    whole = sum(item.phase == "ED" and bool(item.mask.any()) for item in slices) >= _WHOLE_HEART_SLICES
    least_ml = _USUAL_VOLUME_ML[0] if whole else _PART_OF_A_HEART_ML
    if not least_ml <= volume_ml <= _USUAL_VOLUME_ML[1]:
        spacing = " x ".join(f"{millimetres:g}" for millimetres in slices[0].spacing_mm)
        impossible = whole and not _POSSIBLE_VOLUME_ML[0] <= volume_ml <= _POSSIBLE_VOLUME_ML[1]
        what = f"the end-diastolic volume is {volume_ml:.0f} ml: is the spacing right? It is {spacing} mm"
        notice(Oddity(what, where, wrong=impossible))
    if not _EJECTION_FRACTION[0] <= fraction <= _EJECTION_FRACTION[1]:
        notice(Oddity(f"the ejection fraction is {fraction:.0%}", where, wrong=fraction < 0))
