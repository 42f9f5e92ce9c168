"""Augmentation is off by default, the same for both models, and moves image and mask alike."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gridctl_trainer.contract.spec import AugmentationSpec, DatasetSpec, DataSpec, RunSpec
from gridctl_trainer.training.images.augmentation import Augmentation

MOVING = AugmentationSpec(rotation_degrees=20, scaling=0.15, shift=0.1, flip=True)
ALL = MOVING.model_copy(update={"gamma": 0.4})


def hearts(count: int, side: int = 48, frames: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Bright discs in different places, and their masks."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    discs = [((rows - 20 - i) ** 2 + (columns - 26 + i) ** 2 < 60).float() for i in range(count)]
    masks = torch.stack(discs)[:, None]
    images = masks * 0.8 + 0.1
    return (images[:, None].repeat(1, frames, 1, 1, 1) if frames else images), masks


def test_off_it_gives_back_the_very_same() -> None:
    images, masks = hearts(2)
    same = Augmentation(AugmentationSpec(), 1)(images, masks, 1, torch.tensor([0, 1]))
    assert same[0] is images
    assert same[1] is masks


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 200))
def test_what_an_image_becomes_depends_on_nothing_but_seed_epoch_and_image(seed: int, epoch: int) -> None:
    """An augmented image does not depend on its minibatch, in which two models differ."""
    images, masks = hearts(5)
    vary = Augmentation(ALL, seed)
    together = vary(images, masks, epoch, torch.arange(5))
    for index in (3, 0, 4):
        alone = vary(images[[index]], masks[[index]], epoch, torch.tensor([index]))
        assert torch.equal(alone[0], together[0][[index]])
        assert torch.equal(alone[1], together[1][[index]])
    assert not torch.equal(vary(images, masks, epoch + 1, torch.arange(5))[0], together[0])
    assert torch.equal(images, hearts(5)[0]), "the set itself stays"


@settings(max_examples=30)
@given(st.integers(0, 1000))
def test_image_and_mask_move_alike(epoch: int) -> None:
    images, masks = hearts(3)
    varied, moved = Augmentation(MOVING, 7)(images, masks, epoch + 1, torch.arange(3))
    assert set(moved.unique().tolist()) <= {0.0, 1.0}
    bright = (varied > 0.5).float()
    overlap = (bright * moved).sum() * 2 / (bright.sum() + moved.sum())
    assert overlap > 0.95
    assert 0.6 < moved.sum() / masks.sum() < 1.5


def test_every_frame_of_a_series_moves_alike() -> None:
    images, masks = hearts(2, frames=3)
    varied, _ = Augmentation(ALL, 3)(images, masks, 2, torch.arange(2))
    assert varied.shape == images.shape
    assert torch.equal(varied[:, 0], varied[:, 2])
    alone, _ = Augmentation(ALL, 3)(images[:, 0], masks, 2, torch.arange(2))
    assert torch.equal(varied[:, 1], alone)


@pytest.mark.parametrize(
    ("name", "amount"), [("rotation_degrees", 45), ("scaling", 0.3), ("shift", 0.3), ("flip", True), ("gamma", 0.5)]
)
def test_each_kind_does_something_and_gamma_keeps_the_range(name: str, amount: float) -> None:
    images, masks = hearts(6)
    spec = AugmentationSpec.model_validate({name: amount})
    images = images + torch.rand(images.shape, generator=torch.Generator().manual_seed(0)) * 0.1
    varied, moved = Augmentation(spec, 1)(images, masks, 1, torch.arange(6))
    assert not torch.equal(varied, images)
    if name == "gamma":
        assert torch.equal(moved, masks)
        torch.testing.assert_close(varied.amax((1, 2, 3)), images.amax((1, 2, 3)))
    if name == "flip":
        flipped = [bool(torch.equal(varied[i], images[i].flip(-1))) for i in range(6)]
        kept = [bool(torch.equal(varied[i], images[i])) for i in range(6)]
        assert all(a != b for a, b in zip(flipped, kept, strict=True))
        assert any(flipped)
        assert any(kept)


def test_runs_without_it_keep_the_names_they_had_before_it() -> None:
    run = {"experiment": "e", "model": "unet", "network": {"architecture": "unet"}, "train_ratio": 0.5, "seed": 1}
    plain = RunSpec.model_validate({**run, "data": {"train": {"dataset": "acdc", "path": "a"}}, "training": {}})
    assert plain.digest.startswith("b84c324a")
    data = DataSpec(train=DatasetSpec(dataset="acdc", path="a"), augmentation=MOVING)
    assert RunSpec.model_validate({**run, "data": data.model_dump(), "training": {}}).digest != plain.digest
