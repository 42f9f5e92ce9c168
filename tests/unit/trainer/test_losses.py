"""Losses and their gradients equal formulas written out in NumPy, torch's and MONAI's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gridctl_trainer.contract.spec import LossSpec
from gridctl_trainer.training.objective import Objective

ONE, SEVERAL = ("left_ventricle",), ("right_ventricle", "myocardium", "left_ventricle")
LOSSES: list[dict[str, Any]] = [
    {"name": "bce"},
    {"name": "dice"},
    {"name": "dice", "batch_dice": True, "smoothing": 1e-5},
    {"name": "dice_bce"},
    {"name": "dice_bce", "dice_weight": 0.3, "bce_weight": 2.0},
    {"name": "focal"},
    {"name": "focal", "gamma": 0.5, "alpha": 0.25},
    {"name": "focal", "gamma": 0},
]
WEIGHTS = {"right_ventricle": 3.0, "left_ventricle": 0.5}
OUTLINED = np.array([[True, True, True], [True, False, True], [False, False, True], [True, True, False]])


def minibatch(target: tuple[str, ...], seed: int = 0) -> tuple[Tensor, Tensor]:
    """Four images of 6 x 5 pixels, one of which is empty."""
    generator = torch.Generator().manual_seed(seed)
    classes = len(target) + 1
    labels = torch.randint(0, classes, (4, 6, 5), generator=generator)
    labels[2] = 0
    logits = 2 * torch.randn(4, 1 if classes == 2 else classes, 6, 5, generator=generator, dtype=torch.float64)
    return logits, labels[:, None].double() if classes == 2 else labels


def classes_of(masks: Tensor) -> NDArray[np.int64]:
    found: NDArray[np.int64] = (masks[:, 0] if masks.ndim == 4 else masks).numpy().astype(np.int64)
    return found


def by_formula(
    loss: LossSpec, target: tuple[str, ...], logits: Tensor, masks: Tensor, outlined: NDArray[np.bool_] | None = None
) -> float:
    """Compute the loss pixel by pixel and image by image, without the code under test."""
    values, truth = logits.numpy(), classes_of(masks)
    if values.shape[1] == 1:
        p = 1 / (1 + np.exp(-values[:, 0]))
        probabilities = np.stack([1 - p, p], axis=1)
    else:
        powers = np.exp(values)
        probabilities = powers / powers.sum(1, keepdims=True)
    weights = [1.0, *(loss.structure_weights.get(name, 1.0) for name in target)]
    known = np.ones((len(truth), len(target)), bool) if outlined is None else outlined
    total = weight_sum = 0.0
    for image, row, column in np.ndindex(*truth.shape):
        at = probabilities[image, :, row, column]
        label = truth[image, row, column]
        here = at[label] if label else at[0] + sum(at[1 + k] for k in range(len(target)) if not known[image, k])
        of_pixel = -np.log(here)
        if loss.name == "focal":
            factor = 1.0 if loss.alpha is None else loss.alpha if label else 1 - loss.alpha
            of_pixel *= factor * (1 - here) ** loss.gamma
        total += weights[label] * of_pixel
        weight_sum += weights[label]
    entropy = total / weight_sum
    if loss.name in ("bce", "focal"):
        return float(entropy)
    dices, counts = [], []
    groups = [range(len(truth))] if loss.batch_dice else [[image] for image in range(len(truth))]
    for group in groups:
        for k in range(len(target)):
            images = [image for image in group if known[image, k]]
            if images:
                p, t = probabilities[images, 1 + k], truth[images] == 1 + k
                dices.append((2 * (p * t).sum() + loss.smoothing) / (p.sum() + t.sum() + loss.smoothing))
                counts.append(weights[1 + k])
    dice = float(np.average(1 - np.array(dices), weights=counts))
    return dice if loss.name == "dice" else loss.dice_weight * dice + loss.bce_weight * float(entropy)


@pytest.mark.parametrize("options", LOSSES, ids=str)
@pytest.mark.parametrize("target", [ONE, SEVERAL], ids=["one", "several"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_loss_is_its_formula(options: dict[str, Any], target: tuple[str, ...], weighted: bool) -> None:
    weights = {name: value for name, value in WEIGHTS.items() if name in target} if weighted else {}
    loss = LossSpec.model_validate({**options, "structure_weights": weights})
    logits, masks = minibatch(target)
    found = Objective(loss, target)(logits, masks)
    assert found.shape == ()
    assert found.item() == pytest.approx(by_formula(loss, target, logits, masks), rel=1e-12)


@pytest.mark.parametrize("options", LOSSES, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_what_nobody_outlined_is_left_out(options: dict[str, Any], weighted: bool) -> None:
    """The background of such an image may be the structure, so neither is right or wrong."""
    loss = LossSpec.model_validate({**options, "structure_weights": WEIGHTS if weighted else {}})
    logits, masks = minibatch(SEVERAL)
    for image, structure in zip(*np.nonzero(~OUTLINED), strict=True):
        masks[image][masks[image] == structure + 1] = 0
    found = Objective(loss, SEVERAL)(logits, masks, torch.from_numpy(OUTLINED))
    assert found.item() == pytest.approx(by_formula(loss, SEVERAL, logits, masks, OUTLINED), rel=1e-12)
    everything = torch.ones(4, 3, dtype=torch.bool)
    same = Objective(loss, SEVERAL)(logits, masks, everything)
    torch.testing.assert_close(same, Objective(loss, SEVERAL)(logits, masks))


@pytest.mark.parametrize("options", LOSSES, ids=str)
def test_no_gradient_tells_an_unoutlined_structure_from_the_background(options: dict[str, Any]) -> None:
    logits, masks = minibatch(SEVERAL)
    masks[masks == 2] = 0
    outlined = torch.tensor([[True, False, True]]).expand(4, 3)
    logits.requires_grad_()
    Objective(LossSpec.model_validate(options), SEVERAL)(logits, masks, outlined).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    share = logits.detach().softmax(1)
    direction = logits.grad[:, 2] * share[:, 0] - logits.grad[:, 0] * share[:, 2]
    torch.testing.assert_close(direction, torch.zeros_like(direction), atol=1e-12, rtol=0)


@pytest.mark.parametrize("options", LOSSES, ids=str)
@pytest.mark.parametrize("target", [ONE, SEVERAL], ids=["one", "several"])
@pytest.mark.parametrize("partly", [False, True])
def test_gradients_are_those_of_the_values(options: dict[str, Any], target: tuple[str, ...], partly: bool) -> None:
    logits, masks = minibatch(target)
    logits, masks = logits[:2, ..., :3, :3].contiguous().requires_grad_(), masks[:2, ..., :3, :3]
    outlined = None
    if partly and target == SEVERAL:
        outlined = torch.tensor([[True, True, True], [True, False, True]])
        masks = torch.where((masks == 2) & ~outlined[:, 1, None, None], 0, masks)
    weights = {name: value for name, value in WEIGHTS.items() if name in target} if partly else {}
    chosen = Objective(LossSpec.model_validate({**options, "structure_weights": weights}), target)
    assert torch.autograd.gradcheck(lambda given: chosen(given, masks, outlined), (logits,))


@pytest.mark.parametrize("options", LOSSES, ids=str)
@pytest.mark.parametrize("target", [ONE, SEVERAL], ids=["one", "several"])
@pytest.mark.parametrize("size", [0.0, 40.0, 400.0, 1e4])
def test_sure_predictions_right_or_wrong_have_finite_losses_and_gradients(
    options: dict[str, Any], target: tuple[str, ...], size: float
) -> None:
    masks = minibatch(target)[1]
    for offset in (0, 1):
        chosen = (torch.from_numpy(classes_of(masks)) + offset) % (len(target) + 1)
        if target == ONE:
            logits = (size * (2.0 * chosen - 1))[:, None].float()
        else:
            logits = size * functional.one_hot(chosen, len(target) + 1).movedim(-1, 1).float()
        logits.requires_grad_()
        given = masks.float() if target == ONE else masks
        loss = Objective(LossSpec.model_validate(options), target)(logits, given)
        loss.backward()  # type: ignore[no-untyped-call]
        assert logits.grad is not None
        assert bool(torch.isfinite(loss))
        assert bool(torch.isfinite(logits.grad).all())


def test_the_default_is_torchs_cross_entropy_to_the_last_bit() -> None:
    logits, masks = minibatch(ONE)
    assert Objective(LossSpec(), ONE)(logits, masks) == functional.binary_cross_entropy_with_logits(logits, masks)
    logits, masks = minibatch(SEVERAL)
    assert Objective(LossSpec(), SEVERAL)(logits, masks) == functional.cross_entropy(logits, masks)


def test_weighted_cross_entropy_is_torchs() -> None:
    logits, masks = minibatch(SEVERAL)
    loss = LossSpec(structure_weights=WEIGHTS)
    of_class = torch.tensor([1.0, 3.0, 1.0, 0.5], dtype=torch.float64)
    torch.testing.assert_close(
        Objective(loss, SEVERAL)(logits, masks), functional.cross_entropy(logits, masks, weight=of_class)
    )


@pytest.mark.parametrize("batch_dice", [False, True])
def test_dice_and_focal_are_monais(batch_dice: bool) -> None:
    losses = pytest.importorskip("monai.losses")
    smooth = {"smooth_nr": 1.0, "smooth_dr": 1.0, "batch": batch_dice}
    dice = LossSpec(name="dice", batch_dice=batch_dice)
    logits, masks = minibatch(ONE)
    torch.testing.assert_close(
        Objective(dice, ONE)(logits, masks), losses.DiceLoss(sigmoid=True, **smooth)(logits, masks)
    )
    focal = LossSpec(name="focal", gamma=1.5, alpha=0.25)
    of_pixels = Objective(focal, ONE)(logits, masks).float()  # MONAI computes the loss in float32
    torch.testing.assert_close(of_pixels, losses.FocalLoss(gamma=1.5, alpha=0.25)(logits, masks))
    logits, masks = minibatch(SEVERAL)
    several = losses.DiceLoss(softmax=True, to_onehot_y=True, include_background=False, **smooth)
    torch.testing.assert_close(Objective(dice, SEVERAL)(logits, masks), several(logits, masks[:, None]))
    monais = losses.FocalLoss(gamma=1.5, use_softmax=True, to_onehot_y=True)(logits, masks[:, None])
    of_pixels = Objective(LossSpec(name="focal", gamma=1.5), SEVERAL)(logits, masks).float()
    torch.testing.assert_close(of_pixels, monais * 4)  # MONAI's mean is over pixels and classes
    both = losses.DiceCELoss(softmax=True, to_onehot_y=True, include_background=False, **smooth)
    chosen = LossSpec(name="dice_bce", batch_dice=batch_dice)
    torch.testing.assert_close(
        Objective(chosen, SEVERAL)(logits, masks), both(logits, masks[:, None].double()), check_dtype=False
    )


def test_the_dice_loss_is_one_minus_the_score_of_that_name() -> None:
    from gridctl_trainer.metrics.base import SliceBatch
    from gridctl_trainer.metrics.soft_dice import soft_dice, soft_dice_of_batch

    logits, masks = minibatch(ONE)
    images = SliceBatch(logits[:, 0], masks[:, 0], logits[:, 0] > 0)
    of_images = Objective(LossSpec(name="dice"), ONE)(logits, masks)
    torch.testing.assert_close(of_images, 1 - soft_dice(images).mean())
    of_batch = Objective(LossSpec(name="dice", batch_dice=True), ONE)(logits, masks)
    torch.testing.assert_close(of_batch, 1 - soft_dice_of_batch(images))
