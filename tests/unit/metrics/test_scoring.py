"""Results of a metric are checked, and undefined values are counted with their reason and never averaged."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from gridctl_trainer.metrics.base import SliceBatch, Undefined
from gridctl_trainer.metrics.loading import Metric, MetricError, load_metrics
from gridctl_trainer.metrics.scoring import Scored
from gridctl_trainer.metrics.structures import by_structure
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.metric import METRICS, MetricDescriptor
from gridctl_trainer.plugins.registry import UnknownPluginError
from gridctl_trainer.testing.metrics import slices


def metric(function: Any, batch_function: Any = None, **info: Any) -> Metric:
    described = MetricDescriptor(
        **{"label": "mine", "higher_is_better": True, "low": 0, "high": 1, **info}, function=function
    )
    return Metric("mine", described.info(), function, batch_function)


def scored(*answers: Any, **info: Any) -> Scored:
    """Scores of one metric that returns these values for minibatches of the same sizes."""
    given = iter(answers)
    made = Scored([metric(lambda _: next(given), **info)])
    for answer in answers:
        made.add({"left_ventricle": slices("good", len(answer))})
    return made


def test_the_score_is_the_mean_over_images_though_minibatches_differ_in_size() -> None:
    assert scored([0.0, 0.0, 0.0], torch.tensor([1.0])).scores == {"mine.left_ventricle": 0.25}


def test_what_is_undefined_is_counted_and_not_averaged() -> None:
    made = scored([0.5, Undefined("no truth")], [Undefined("no truth"), Undefined("no prediction")])
    assert made.scores == {"mine.left_ventricle": 0.5}
    assert made.undefined == {"mine.left_ventricle": {"no truth": 2, "no prediction": 1}}


def test_a_score_that_no_image_has_is_left_out() -> None:
    assert scored([Undefined("no truth")]).scores == {}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_averaged_in_silence(value: float) -> None:
    made = scored(torch.tensor([0.5, value]))
    assert made.scores == {"mine.left_ventricle": 0.5}
    assert made.undefined == {"mine.left_ventricle": {"the metric gave no number": 1}}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([0.5, 1.5], "gives 1.5, outside its range of 0 to 1"),
        ([0.5, "x"], "gives 'x' instead of a number"),
        ([0.5], "for a minibatch of 2 images"),
        (torch.zeros(2, 3), "gives \\[0.0, 0.0, 0.0\\] instead of a number"),
        (torch.zeros(2, 2, 2)[0, 0, 0], "gives shape \\(\\) for a minibatch of 2 images"),
        (None, "gives None for a minibatch"),
    ],
    ids=str,
)
def test_what_is_no_answer_is_refused_by_name(answer: Any, said: str) -> None:
    made = Scored([metric(lambda _: answer)])
    with pytest.raises(MetricError, match=f"'mine' {said}" if said.startswith("gives") else said) as raised:
        made.add({"left_ventricle": slices("good", 2)})
    assert raised.value.exit_code == 2


def test_a_metric_that_fails_is_named_with_its_own_error() -> None:
    def fails(_: SliceBatch) -> Any:
        raise KeyError("spacing")

    with pytest.raises(MetricError, match="the metric 'mine' fails: KeyError: 'spacing'"):
        Scored([metric(fails)]).add({"left_ventricle": slices("good", 2)})


def test_rounding_of_a_perfect_score_is_no_mistake() -> None:
    assert scored(torch.tensor([1.0000001])).scores == {"mine.left_ventricle": 1.0}


def test_a_metric_without_structures_sees_all_of_them() -> None:
    made = Scored([metric(lambda batch: [len(batch) / 4] * 3, per_structure=False)])
    made.add({"left_ventricle": slices("good"), "myocardium": slices("bad")})
    assert made.scores == {"mine": 0.5}


def test_several_structures_have_a_score_each() -> None:
    masks = torch.zeros(2, 8, 8, dtype=torch.int64)
    masks[:, :4], masks[:, 4:6] = 1, 2
    logits = torch.nn.functional.one_hot(masks, 3).permute(0, 3, 1, 2) * 12.0
    logits[:, 2] = -20.0  # the second structure is never found
    found = by_structure(logits, masks, ("left_ventricle", "myocardium"))
    assert torch.equal(found["left_ventricle"].predicted, masks == 1)
    assert not found["myocardium"].predicted.any()
    probabilities = logits.softmax(1)
    for number, of_structure in enumerate(found.values(), 1):
        torch.testing.assert_close(of_structure.probabilities, probabilities[:, number])
    made = Scored(load_metrics(["soft_dice"]))
    made.add(found)
    assert made.scores["soft_dice.left_ventricle"] > 0.85
    assert made.scores["soft_dice.myocardium"] < 0.1


def brier(images: SliceBatch) -> torch.Tensor:
    """Mean squared error of the probabilities."""
    return ((images.probabilities - images.truth) ** 2).flatten(1).mean(1)


def test_a_bare_function_has_to_say_which_direction_is_better() -> None:
    with pytest.raises(PluginError, match="does not say which direction is better") as raised:
        METRICS.find(f"{__name__}:brier")
    assert "brier.higher_is_better = True" in raised.value.problems[0].fix


def test_a_bare_function_by_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brier, "higher_is_better", False, raising=False)
    monkeypatch.setattr(brier, "low", 0, raising=False)
    info = METRICS.find(f"{__name__}:brier").info()
    assert (info.label, info.higher_is_better, info.low, info.high) == ("brier", False, 0, None)
    assert info.definition == "Mean squared error of the probabilities."
    made = Scored(load_metrics([f"{__name__}:brier"]))
    made.add({"left_ventricle": slices("good")})
    assert made.scores[f"{__name__}:brier.left_ventricle"] < 0.01


def test_an_unknown_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownPluginError, match="unknown metric 'soft_dise'") as raised:
        load_metrics(["soft_dise"])
    assert "did you mean 'soft_dice'?" in raised.value.problems[0].fix


def test_what_is_scored_after_an_epoch_is_slices_alone() -> None:
    assert [metric.name for metric in load_metrics(["dice", "soft_dice"], "slice")] == ["soft_dice"]
    assert [metric.name for metric in load_metrics(["dice", "soft_dice"])] == ["dice", "soft_dice"]


def test_what_nobody_outlined_is_counted_and_not_scored() -> None:
    """An image without a contour is neither right nor wrong, whatever the model predicts."""
    truth = torch.zeros(3, 4, 4)
    truth[0, :2] = 1
    logits = torch.where(truth > 0, 20.0, -20.0)
    logits[1] = 20.0  # the whole of an image that was not outlined
    batch = {"left_ventricle": SliceBatch(logits, truth, logits > 0)}
    scored = Scored(load_metrics(("soft_dice",)))
    scored.add(batch, {"left_ventricle": torch.tensor([True, False, True])})
    key = "soft_dice.left_ventricle"
    assert scored.scores[key] == pytest.approx(1)
    assert scored.undefined[key] == {"not outlined": 1}
    scored.add(batch, {"left_ventricle": torch.zeros(3, dtype=torch.bool)})
    assert scored.undefined[key] == {"not outlined": 4}
    assert scored.per_batch[key][1] is None
    scored.add(batch)
    assert scored.scores[key] < 0.9
