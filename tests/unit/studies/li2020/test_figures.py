"""Figures 5.1 to 5.3 are written as files for any models and metrics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gridctl.analysis.model import StudyItem, StudyPoint, StudySection
from gridctl.studies.li2020.figures import write_figures
from gridctl.studies.li2020.points import said_of_points
from tests.scored import VALIDATION_DICE

AGAINST_RATIO = {"against": "train_ratio"}


DICE = VALIDATION_DICE


def point(architecture: str, model: str, x: float, mean: float, metric: str = DICE) -> StudyPoint:
    return StudyPoint(architecture, model, metric, metric, x, 3, mean, mean - 0.01, mean + 0.01)


def section(*points: StudyPoint) -> StudySection:
    ratio = StudyItem("figure 5.1", "Dice", "Li (2020)", "", points=points, x_axis="train ratio")
    epoch = replace(ratio, item="figure 5.3", points=(), x_axis="epoch")
    return StudySection("li2020", "The thesis beside ours", "", [ratio, epoch])


def test_the_same_points_are_the_same_bytes(tmp_path: Path) -> None:
    drawn = section(*(point(name, name, x, x) for name in ("gamma_net", "unet") for x in (0.2, 0.5)))
    written = list(write_figures(drawn, tmp_path))
    assert [path.name for path in written] == ["figure-5.1.png", "figure-5.1.pdf"], "no points of 5.3"
    assert written[0].read_bytes().startswith(b"\x89PNG")
    assert written[1].read_bytes().startswith(b"%PDF")
    again = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in write_figures(drawn, tmp_path)] == again


@pytest.mark.parametrize(
    "points",
    [
        [point("unet", "net", 0.2, 0.5)],
        [point("resunet", "mine", 0.2, 0.5)],
        [point("resunet", f"mine{number}", x, 0.5) for number in range(5) for x in (0.2, 0.4)],
        [point("unet", name, 0.2, 0.5, metric) for name in ("a", "b") for metric in ("x", "y", "z")],
    ],
    ids=["one of the two alone", "another alone", "five others", "three metrics that are new"],
)
def test_any_models_and_metrics_are_drawn(points: list[StudyPoint], tmp_path: Path) -> None:
    assert len(list(write_figures(section(*points), tmp_path))) == 2


def test_a_third_model_of_an_architecture_does_not_speak_for_it() -> None:
    """The first comparison of the file decides, and a later one with other numbers changes nothing."""
    two = [point("unet", "net", 0.2, 0.5), point("gamma_net", "gamma", 0.2, 0.6)]
    assert said_of_points(AGAINST_RATIO, two) == "γ-Net's mean is higher at 1 of 1 ratio"
    wide, mine = point("unet", "wide", 0.2, 0.9), point("resunet", "mine", 0.2, 0.9)
    assert said_of_points(AGAINST_RATIO, [*two, wide, mine]) == said_of_points(AGAINST_RATIO, two)


def test_without_one_of_the_two_nothing_is_compared() -> None:
    said = said_of_points(AGAINST_RATIO, [point("unet", "net", 0.2, 0.5), point("resunet", "mine", 0.2, 0.9)])
    assert said == "no points of γ-Net, so γ-Net and U-Net cannot be compared"
