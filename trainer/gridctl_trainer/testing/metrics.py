"""Tests of what every metric promises. Subclass `MetricContract`, name the metric, and run pytest.

class TestAreaError(MetricContract):
    metric = "area_error"              # or "mylab.metrics:area_error"
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.score_name import ScoreName
from gridctl_trainer.metrics.base import CaseVolume, PatientVolumes, SliceBatch
from gridctl_trainer.metrics.loading import load_metrics
from gridctl_trainer.metrics.scorecard import Scores, score_case, score_patient
from gridctl_trainer.metrics.scoring import Scored
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.metric import METRICS
from gridctl_trainer.testing.light_descriptor import require_light

_SIDE_PX = 12
_SPACING_MM = (1.5, 1.25, 10.0)
_STRUCTURES = ("left_ventricle", "myocardium")
_KINDS = ("good", "bad", "no truth", "nothing predicted", "neither")


def slices(kind: str, count: int = 3) -> SliceBatch:
    """Images of one structure, a square.

    Args:
        kind: `good` or `bad` for how well it is predicted; `no truth`, `nothing predicted` or `neither` for images in
            which truth, prediction or both are empty.
        count: Number of images.
    """
    truth = torch.zeros(count, _SIDE_PX, _SIDE_PX)
    predicted = torch.zeros_like(truth)
    if kind not in ("no truth", "neither"):
        truth[:, 3:9, 3:9] = 1
    if kind == "bad":
        predicted[:, 3:9, 8:10] = 1  # in the wrong place, and too small
    elif kind not in ("nothing predicted", "neither"):
        predicted[:, 3:9, 3:9] = 1
    odds = (predicted * 2 - 1) * (8 if kind == "good" else 4)
    return SliceBatch(odds, truth, odds > 0)


def volume(kind: str, count: int = 3) -> CaseVolume:
    """The images of `slices` as one volume."""
    images = slices(kind, count)
    return CaseVolume(images.predicted.numpy(), images.truth.numpy() > 0, _SPACING_MM, np.arange(count))


def patient(kind: str, structures: tuple[str, ...] = _STRUCTURES) -> PatientVolumes:
    """A heart with an ejection fraction of one half. In the `bad` prediction, it does not pump."""
    diastole, systole = volume(kind), volume(kind)
    systole.truth[:, 3:6] = False
    if kind != "bad":
        systole.predicted[:, 3:6] = False
    return {"ED": dict.fromkeys(structures, diastole), "ES": dict.fromkeys(structures, systole)}


class _Found(NamedTuple):
    """Scores by key, and the reasons of those that are undefined."""

    scores: dict[str, float]
    reasons: dict[str, set[str]]


class MetricContract:
    """The promises of a metric, each as a test.

    Attributes:
        metric: Short name of the metric, or its path `pkg.module:name`.
    """

    metric: ClassVar[str]

    def test_it_is_described_without_torch(self) -> None:
        """A laptop that only submits and reports must know it. A metric that is named by its path is exempt."""
        assert self._info.definition, "say in one line what it is"
        if not is_class_path(self.metric):
            require_light(f"from gridctl_trainer.plugins.metric import METRICS; METRICS.find({self.metric!r})")

    def test_its_description_is_read_back_from_a_log(self) -> None:
        assert MetricInfo.model_validate_json(self._info.model_dump_json()) == self._info

    def test_a_good_prediction_scores_better_than_a_bad_one(self) -> None:
        """Better in the direction that its descriptor gives, unless it is only a measurement."""
        good, bad = (next(iter(self._scored(kind).scores.values())) for kind in ("good", "bad"))
        if self._info.is_score:
            assert (good > bad) if self._info.higher_is_better else (good < bad)

    @pytest.mark.parametrize("kind", _KINDS)
    def test_everything_has_a_number_within_the_range_or_a_reason(self, kind: str) -> None:
        """It returns `Undefined` with a reason if it has no value, never NaN."""
        found = self._scored(kind)
        assert found.scores.keys() | found.reasons.keys()
        for reasons in found.reasons.values():
            assert "the metric gave no number" not in reasons, "return Undefined with a reason instead of NaN"
        for value in found.scores.values():
            assert math.isfinite(value)

    @pytest.mark.parametrize("kind", _KINDS)
    def test_the_images_of_a_batch_do_not_see_each_other(self, kind: str) -> None:
        """Otherwise, a score would depend on `validation_batch_size`."""
        if self._info.level != "slice":
            pytest.skip("it scores whole volumes")
        together, alone = self._scored(kind, count=2), self._scored(kind, count=1)
        assert together.scores.keys() == alone.scores.keys()
        for key, value in together.scores.items():
            assert value == pytest.approx(alone.scores[key], rel=1e-5)

    def test_it_is_deterministic_and_changes_nothing(self) -> None:
        images, volumes = slices("bad"), patient("bad", self._structures)
        before = [array.copy() for array in _arrays(images, volumes)]
        state = torch.get_rng_state()
        first, second = (self._of(images, volumes) for _ in range(2))
        assert first == second
        assert all(np.array_equal(old, new) for old, new in zip(before, _arrays(images, volumes), strict=True))
        assert torch.equal(torch.get_rng_state(), state), "it draws from torch's generator"

    def test_it_has_a_score_of_each_structure_if_it_says_so(self) -> None:
        found = self._scored("good")
        meant = self._info.structures_of(self._structures)
        assert found.scores.keys() == {ScoreName("", self.metric, structure).key for structure in meant}

    @property
    def _info(self) -> MetricInfo:
        return METRICS.find(self.metric).info()

    @property
    def _structures(self) -> tuple[str, ...]:
        return self._info.structures or _STRUCTURES

    def _scored(self, kind: str, count: int = 3) -> _Found:
        return self._of(slices(kind, count), patient(kind, self._structures))

    def _of(self, images: SliceBatch, volumes: PatientVolumes) -> _Found:
        metrics = load_metrics([self.metric])
        if self._info.level == "slice":
            scored = Scored(metrics)
            scored.add(dict.fromkeys(self._structures, images))
            return _Found(scored.scores, {key: set(reasons) for key, reasons in scored.undefined.items()})
        of_case = self._info.level == "case"
        return self._named(score_case(metrics, volumes["ED"]) if of_case else score_patient(metrics, volumes))

    def _named(self, found: Mapping[str, Scores]) -> _Found:
        by_key = {ScoreName("", self.metric, structure).key: scores for structure, scores in found.items()}
        return _Found(
            {key: value for key, scores in by_key.items() for value in scores.scores.values()},
            {key: {reason} for key, scores in by_key.items() for reason in scores.undefined.values()},
        )


def _arrays(images: SliceBatch, volumes: PatientVolumes) -> list[NDArray[Any]]:
    cases = [case for of_time in volumes.values() for case in of_time.values()]
    return [
        images.logits.numpy(),
        images.truth.numpy(),
        *(mask for case in cases for mask in (case.predicted, case.truth)),
    ]
