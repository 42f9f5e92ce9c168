"""Volumes, ejection fraction and mass match the label files, and a missing value says why."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest

from gridctl_trainer.datasets.formats.info_cfg import read_info
from gridctl_trainer.datasets.formats.nifti import read_volume
from gridctl_trainer.metrics.base import CaseVolume
from gridctl_trainer.metrics.loading import load_metrics
from gridctl_trainer.metrics.scorecard import Scores, score_case, score_patient
from gridctl_trainer.plugins.metric import METRICS

ROOT = os.environ.get("GRIDCTL_TEST_DATA", "")
ALL = load_metrics([name for name in METRICS.names() if METRICS.is_built_in(name)])
BY_GROUP = {"NOR": (60.3, 5.1), "MINF": (31.0, 8.1), "DCM": (18.4, 6.7), "HCM": (67.4, 8.9), "RV": (54.7, 6.1)}
"""Mean and sd of the ejection fraction from the masks of the 100 training patients."""


def voxels(
    predicted: int, true: int, slices: int = 1, spacing_mm: tuple[float, float, float] = (1, 1, 10)
) -> CaseVolume:
    masks = np.zeros((2, slices, 40, 40), dtype=bool)
    for mask, count in zip(masks, (predicted, true), strict=True):
        mask.reshape(-1)[:count] = True
    return CaseVolume(masks[0], masks[1], spacing_mm, np.arange(slices))


def of_ventricle(**times: CaseVolume) -> Scores:
    return score_patient(ALL, {time: {"left_ventricle": volume} for time, volume in times.items()})["left_ventricle"]


def test_volumes_of_a_case_are_voxels_times_their_size() -> None:
    found = score_case(ALL, {"left_ventricle": voxels(900, 1000, spacing_mm=(1.5, 2, 10))})["left_ventricle"].scores
    assert found["volume_ml"] == pytest.approx(27)
    assert found["true_volume_ml"] == pytest.approx(30)
    assert found["volume_error_ml"] == pytest.approx(-3)
    assert found["absolute_volume_error_ml"] == pytest.approx(3)
    assert found["relative_volume_error"] == pytest.approx(-10)


def test_how_the_heart_pumps() -> None:
    found = of_ventricle(ED=voxels(1000, 1200), ES=voxels(600, 480))
    assert found.undefined == {}
    expected = {
        "edv_ml": 10, "true_edv_ml": 12, "edv_error_ml": -2, "absolute_edv_error_ml": 2, "relative_edv_error": -100 / 6,
        "esv_ml": 6, "true_esv_ml": 4.8, "esv_error_ml": 1.2, "absolute_esv_error_ml": 1.2, "relative_esv_error": 25,
        "stroke_volume_ml": 4, "true_stroke_volume_ml": 7.2, "stroke_volume_error_ml": -3.2,
        "absolute_stroke_volume_error_ml": 3.2, "relative_stroke_volume_error": -320 / 7.2,
        "ef": 40, "true_ef": 60, "ef_error": -20, "absolute_ef_error": 20,
    }  # fmt: skip
    assert found.scores == pytest.approx(expected)


def test_a_prediction_without_volume_has_no_ejection_fraction() -> None:
    found = of_ventricle(ED=voxels(0, 1200), ES=voxels(0, 480))
    assert {found.undefined[name] for name in ("ef", "ef_error", "absolute_ef_error")} == {"predicted EDV is 0"}
    assert found.scores["true_ef"] == pytest.approx(60)
    assert found.scores["edv_ml"] == 0


@pytest.mark.parametrize(("missing", "reason"), [("ED", "no ED"), ("ES", "no ES")])
def test_a_patient_with_one_time_point_says_which_is_missing(missing: str, reason: str) -> None:
    found = of_ventricle(**{time: voxels(10, 10) for time in ("ED", "ES") if time != missing})
    assert found.undefined["ef"] == found.undefined["stroke_volume_ml"] == reason


def test_without_the_distance_of_slices_there_are_no_volumes() -> None:
    found = of_ventricle(ED=voxels(10, 10, spacing_mm=(1, 1, 0)), ES=voxels(10, 10, spacing_mm=(1, 1, 0)))
    assert set(found.undefined.values()) == {"spacing unknown"}
    assert found.scores == {}


def test_mass_is_that_of_the_myocardium_at_end_diastole() -> None:
    volumes = {"ED": {"myocardium": voxels(900, 1000)}, "ES": {"myocardium": voxels(5, 5)}}
    found = score_patient(ALL, volumes)
    assert found.keys() == {""}
    assert found[""].scores["mass_g"] == pytest.approx(9 * 1.05)
    assert found[""].scores["true_mass_g"] == pytest.approx(10 * 1.05)


def test_where_the_outer_contour_stands_for_it_mass_is_over_slices_with_both() -> None:
    outer, inner = voxels(3000, 3000, slices=3), voxels(1000, 800, slices=3)
    middle = CaseVolume(inner.predicted[:2], inner.truth[:2], inner.spacing_mm, inner.slices[:2])
    found = score_patient(ALL, {"ED": {"epicardium": outer, "left_ventricle": middle}})[""]
    assert found.scores["mass_g"] == pytest.approx((3000 - 1000) * 0.01 * 1.05)
    assert found.scores["true_mass_g"] == pytest.approx((3000 - 800) * 0.01 * 1.05)


def test_where_only_cavities_are_segmented_nothing_is_said_of_mass() -> None:
    assert score_patient(ALL, {"ED": {"left_ventricle": voxels(5, 5)}}).keys() == {"left_ventricle"}


@pytest.mark.skipif(not ROOT, reason="no real data: set GRIDCTL_TEST_DATA to a folder with ACDC in `acdc`")
def test_ejection_fractions_of_real_patients_are_those_of_their_groups() -> None:
    """On all label files, truth against truth is perfect and matches the diagnoses."""
    fractions = defaultdict(list)
    for folder in sorted(path for path in (Path(ROOT) / "acdc").rglob("patient*") if path.is_dir()):
        times, info = {}, read_info(folder / "Info.cfg")
        for time in ("ED", "ES"):
            file = read_volume(folder / f"{folder.name}_frame{info.frames[time]:02d}_gt.nii.gz")
            mask = file.array == 3
            times[time] = CaseVolume(mask, mask, file.spacing_mm, np.arange(len(mask)))
        found = of_ventricle(**times)
        ml = [int(times[time].truth.sum()) * float(np.prod(times[time].spacing_mm)) / 1000 for time in ("ED", "ES")]
        assert found.scores["ef"] == found.scores["true_ef"] == pytest.approx(100 * (ml[0] - ml[1]) / ml[0])
        assert found.scores["edv_ml"] == pytest.approx(ml[0])
        fractions[info.group].append(found.scores["ef"])
    assert {group: len(values) for group, values in fractions.items()} == dict.fromkeys(BY_GROUP, 20)
    for group, (expected, spread) in BY_GROUP.items():
        assert mean(fractions[group]) == pytest.approx(expected, abs=0.05), group
        assert stdev(fractions[group]) == pytest.approx(spread, abs=0.2), group
