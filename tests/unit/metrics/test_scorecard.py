"""Results of case and patient metrics are checked, and undefined values are kept with their reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gridctl_trainer.metrics.base import CaseVolume, MetricDescriptor, Undefined
from gridctl_trainer.metrics.loading import Metric, MetricError, load_metrics
from gridctl_trainer.metrics.scorecard import Scores, score_case, score_patient


def volume(predicted: int, true: int, both: int = 0) -> CaseVolume:
    """One slice with this number of voxels."""
    flat_truth, flat_predicted = np.zeros((2, 100), dtype=bool)
    flat_truth[:true] = True
    flat_predicted[true - both : true - both + predicted] = True
    shape = (1, 10, 10)
    return CaseVolume(flat_predicted.reshape(shape), flat_truth.reshape(shape), (1.5, 1.5, 10.0), np.arange(1))


def metric(answer: Callable[[Any], Any], level: str = "case", **info: Any) -> Metric:
    described = MetricDescriptor(
        **{"label": "mine", "higher_is_better": True, "low": 0, "high": 1, "level": level, **info}, function=answer
    )
    return Metric("mine", described.info(), answer)


def test_every_structure_of_a_case_has_its_own_scores() -> None:
    found = score_case(load_metrics(["dice", "soft_dice"]), {"left_ventricle": volume(4, 4, 3), "wall": volume(0, 4)})
    assert found == {"left_ventricle": Scores({"dice": 0.75}, {}), "wall": Scores({"dice": 0.0}, {})}


@pytest.mark.parametrize(
    ("given", "dice", "iou", "sensitivity", "precision"),
    [
        (volume(4, 6, 3), 0.6, 3 / 7, 0.5, 0.75),
        (volume(4, 4, 4), 1, 1, 1, 1),
        (volume(0, 4), 0, 0, 0, "no prediction"),
        (volume(4, 0), 0, 0, "no truth", 0),
        (volume(0, 0), "both empty", "both empty", "both empty", "both empty"),
    ],
    ids=["partly", "equal", "nothing predicted", "nothing there", "neither"],
)
def test_overlap_and_what_of_it_is_undefined(
    given: CaseVolume, dice: float | str, iou: float | str, sensitivity: float | str, precision: float | str
) -> None:
    expected = {"dice": dice, "iou": iou, "sensitivity": sensitivity, "precision": precision}
    found = score_case(load_metrics(list(expected)), {"left_ventricle": given})["left_ventricle"]
    assert found.scores == pytest.approx(
        {name: value for name, value in expected.items() if not isinstance(value, str)}
    )
    assert found.undefined == {name: value for name, value in expected.items() if isinstance(value, str)}


def test_a_metric_of_patients_sees_all_time_points_of_each_structure() -> None:
    seen: list[Any] = []
    mine = metric(lambda volumes: seen.append(volumes) or 0.5, "patient")
    diastole, systole = volume(4, 4, 4), volume(2, 2, 2)
    found = score_patient(
        [mine], {"ED": {"left_ventricle": diastole, "wall": diastole}, "ES": {"left_ventricle": systole}}
    )
    assert found == {"left_ventricle": Scores({"mine": 0.5}, {}), "wall": Scores({"mine": 0.5}, {})}
    assert seen == [{"ED": diastole, "ES": systole}, {"ED": diastole}]


def test_a_metric_without_structures_sees_all_of_them() -> None:
    volumes = {"left_ventricle": volume(4, 4, 4), "wall": volume(2, 2, 2)}
    alone = metric(lambda given: len(given) / 4, per_structure=False)
    assert score_case([alone], volumes) == {"": Scores({"mine": 0.5}, {})}
    together = metric(lambda given: len(given["ED"]) / 4, "patient", per_structure=False)
    assert score_patient([together], {"ED": volumes}) == {"": Scores({"mine": 0.5}, {})}


def test_a_metric_of_some_structures_is_not_asked_about_others() -> None:
    volumes = {"left_ventricle": volume(4, 4, 4), "wall": volume(2, 2, 2)}
    assert score_case([metric(lambda _: 1, structures=("wall",))], volumes) == {"wall": Scores({"mine": 1.0}, {})}


@pytest.mark.parametrize("level", ["slice", "case", "patient"])
def test_each_level_is_left_to_its_own(level: str) -> None:
    mine, volumes = metric(lambda _: 0.5, level), {"left_ventricle": volume(4, 4, 4)}
    assert bool(score_case([mine], volumes)) == (level == "case")
    assert bool(score_patient([mine], {"ED": volumes})) == (level == "patient")


def test_what_is_undefined_has_its_reason() -> None:
    found = score_case([metric(lambda _: Undefined("no truth"))], {"left_ventricle": volume(0, 0)})
    assert found == {"left_ventricle": Scores({}, {"mine": "no truth"})}


@pytest.mark.parametrize("value", [math.nan, math.inf, np.float64("nan")])
def test_what_is_no_number_is_never_passed_on_in_silence(value: float) -> None:
    found = score_case([metric(lambda _: value)], {"left_ventricle": volume(4, 4)})
    assert found["left_ventricle"] == Scores({}, {"mine": "the metric gave no number"})


@pytest.mark.parametrize("answer", [1.5, None, "x", [0.5, 0.5]], ids=str)
def test_what_is_no_answer_is_refused_by_name(answer: Any) -> None:
    with pytest.raises(MetricError, match="the metric 'mine' gives"):
        score_case([metric(lambda _: answer)], {"left_ventricle": volume(4, 4)})


def test_a_metric_that_fails_is_named_with_its_own_error() -> None:
    def fails(_: CaseVolume) -> float:
        raise KeyError("spacing")

    with pytest.raises(MetricError, match="the metric 'mine' fails: KeyError: 'spacing'") as raised:
        score_case([metric(fails)], {"left_ventricle": volume(4, 4)})
    assert raised.value.exit_code == 2
