"""What every metric promises: subclass `MetricContract`, say which metric, and call pytest.

class TestAreaError(MetricContract):
    metric = "area_error"              # or "mylab.metrics:area_error"
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
import torch

from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.metrics.base import SliceBatch
from gridctl_trainer.metrics.loading import load_metrics
from gridctl_trainer.metrics.scoring import Scored
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.metric import METRICS
from gridctl_trainer.testing.light_descriptor import require_light

_SIDE_PX = 12


def slices(kind: str, count: int = 3) -> SliceBatch:
    """Images of one structure, a square.

    Args:
        kind: `good` or `bad`: how well it is predicted; `no truth`, `nothing predicted` or `neither`: what is missing.
        count: Of images.
    """
    truth = torch.zeros(count, _SIDE_PX, _SIDE_PX)
    predicted = torch.zeros_like(truth)
    if kind not in ("no truth", "neither"):
        truth[:, 3:9, 3:9] = 1
    if kind == "bad":
        predicted[:, 3:9, 8:10] = 1  # at another place, and too small
    elif kind not in ("nothing predicted", "neither"):
        predicted[:, 3:9, 3:9] = 1
    odds = (predicted * 2 - 1) * (8 if kind == "good" else 4)
    return SliceBatch(odds, truth, odds > 0)


class MetricContract:
    """The promises, each a test.

    Attributes:
        metric: The metric's short name, or its path.
    """

    metric: ClassVar[str]

    def test_it_is_described_without_torch(self) -> None:
        """So that a laptop that only submits and reports knows it; one that is named by its path need not be."""
        info = METRICS.find(self.metric).info()
        assert info.definition, "say in one line what it is"
        if not is_class_path(self.metric):
            require_light(f"from gridctl_trainer.plugins.metric import METRICS; METRICS.find({self.metric!r})")

    def test_its_description_is_read_back_from_a_log(self) -> None:
        info = METRICS.find(self.metric).info()
        assert MetricInfo.model_validate_json(info.model_dump_json()) == info

    def test_a_good_prediction_scores_better_than_a_bad_one(self) -> None:
        """In the direction that its descriptor gives."""
        info = METRICS.find(self.metric).info()
        good, bad = (next(iter(self._scored(kind).scores.values())) for kind in ("good", "bad"))
        assert (good > bad) if info.higher_is_better else (good < bad)

    @pytest.mark.parametrize("kind", ["good", "bad", "no truth", "nothing predicted", "neither"])
    def test_every_image_has_a_number_within_the_range_or_a_reason(self, kind: str) -> None:
        """Never NaN in silence: `Undefined` with a reason where it has no value."""
        scored = self._scored(kind, count=3)
        assert scored.scores.keys() | scored.undefined.keys()
        for reasons in scored.undefined.values():
            assert "the metric gave no number" not in reasons, "give Undefined with a reason in place of NaN"
        for value in scored.scores.values():
            assert math.isfinite(value)

    @pytest.mark.parametrize("kind", ["good", "bad", "no truth", "nothing predicted", "neither"])
    def test_the_images_of_a_batch_do_not_see_each_other(self, kind: str) -> None:
        """Else a score would depend on `validation_batch_size`."""
        together, alone = self._scored(kind, count=2), self._scored(kind, count=1)
        assert together.scores.keys() == alone.scores.keys()
        for key, value in together.scores.items():
            assert value == pytest.approx(alone.scores[key], rel=1e-5)

    def test_it_is_deterministic_and_changes_nothing(self) -> None:
        images = slices("bad")
        before = images.logits.clone(), images.truth.clone()
        state = torch.get_rng_state()
        first, second = (self._score(images).scores for _ in range(2))
        assert first == second
        assert torch.equal(images.logits, before[0])
        assert torch.equal(images.truth, before[1])
        assert torch.equal(torch.get_rng_state(), state), "it draws from torch's generator"

    def test_it_has_a_score_of_each_structure_if_it_says_so(self) -> None:
        info = METRICS.find(self.metric).info()
        scored = self._of({"left_ventricle": slices("good"), "myocardium": slices("bad")})
        expected = {f"{self.metric}.{name}" for name in ("left_ventricle", "myocardium")}
        assert scored.scores.keys() == (expected if info.per_structure else {self.metric})

    def _scored(self, kind: str, count: int = 3) -> Scored:
        return self._score(slices(kind, count))

    def _score(self, images: SliceBatch) -> Scored:
        return self._of({"left_ventricle": images})

    def _of(self, batch: Mapping[str, Any]) -> Scored:
        scored = Scored(load_metrics([self.metric]))
        scored.add(batch)
        return scored
