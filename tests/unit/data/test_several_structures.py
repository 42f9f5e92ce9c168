"""Several structures become one label per pixel, and a single structure works as before."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.spec import AugmentationSpec, DatasetSpec, DataSpec, LossSpec
from gridctl_trainer.datasets.acdc import patients as acdc
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.preprocessing.label_map import label_map
from gridctl_trainer.preprocessing.loading import load_set
from gridctl_trainer.preprocessing.prepared import PreparedSet, prepare_patient
from gridctl_trainer.training.images.alike import require_alike
from gridctl_trainer.training.images.augmentation import Augmentation
from gridctl_trainer.training.images.sets import classes_of
from gridctl_trainer.training.images.tensors import ImageTensors
from gridctl_trainer.training.losses.cross_entropy import bce_with_logits
from gridctl_trainer.training.objective import Objective

TARGET = ("right_ventricle", "myocardium", "left_ventricle")


@pytest.fixture(scope="module")
def labelled(phantom: Path) -> LabelledSlice:
    return acdc.read_patient(acdc.find_patients(phantom / "acdc")[0])[1]


def data(root: Path, *target: str) -> DataSpec:
    return DataSpec(train=DatasetSpec(dataset="acdc", path=str(root)), size_px=48, target=target)


def test_a_pixel_has_the_number_of_its_structure_in_the_order_of_the_target(labelled: LabelledSlice) -> None:
    labels = label_map(labelled, TARGET)
    for number, name in enumerate(TARGET, 1):
        np.testing.assert_array_equal(labels == number, labelled.masks[name] == 1)
    np.testing.assert_array_equal(label_map(labelled, ("left_ventricle",)), labelled.mask)


def test_what_is_not_in_the_target_is_background(labelled: LabelledSlice) -> None:
    labels = label_map(labelled, ("myocardium",))
    assert set(np.unique(labels)) == {0, 1}
    assert not labels[labelled.mask > 0].any()


def test_structures_that_overlap_are_refused_by_name(labelled: LabelledSlice) -> None:
    outer = labelled.masks["myocardium"] | labelled.mask
    both = dataclasses.replace(labelled, masks={**labelled.masks, "epicardium": outer})
    with pytest.raises(DataError, match="left_ventricle and epicardium have pixels in common"):
        label_map(both, ("left_ventricle", "epicardium"))


def test_packs_hold_the_labels_and_are_told_apart_by_the_target(phantom: Path) -> None:
    root = phantom / "acdc"
    given = DatasetSpec(dataset="acdc", path=str(root))
    several = load_set(given, data(root, *TARGET), 1)
    for _ in ("made", "opened"):
        again = load_set(given, data(root, *TARGET), 1)
        np.testing.assert_array_equal(again.masks, several.masks)
    alone = load_set(given, data(root, "left_ventricle"), 1)
    np.testing.assert_array_equal(several.images, alone.images)
    np.testing.assert_array_equal(several.masks == 3, alone.masks == 1)
    assert several.structures == TARGET
    assert [record.cavity_ml for record in several.slices] == [record.cavity_ml for record in alone.slices]
    assert several.digest != alone.digest


def test_training_reads_classes(phantom: Path) -> None:
    root = phantom / "acdc"
    several = load_set(DatasetSpec(dataset="acdc", path=str(root)), data(root, *TARGET), 1)
    images, masks = ImageTensors.of(several).batch(slice(0, 5))
    assert (images.shape, masks.shape, masks.dtype) == ((5, 1, 48, 48), (5, 48, 48), torch.int64)
    logits = torch.randn(5, classes_of(TARGET), 48, 48)
    torch.testing.assert_close(Objective(LossSpec(), TARGET)(logits, masks), functional.cross_entropy(logits, masks))


def test_one_structure_is_learned_as_it_always_was() -> None:
    logits, masks = torch.randn(3, 1, 8, 8), (torch.rand(3, 1, 8, 8) > 0.5).float()
    assert Objective(LossSpec(), ("left_ventricle",))(logits, masks) == bce_with_logits(logits, masks)
    assert classes_of(("left_ventricle",)) == 1


def test_classes_are_moved_as_masks_are(phantom: Path) -> None:
    root = phantom / "acdc"
    several = ImageTensors.of(load_set(DatasetSpec(dataset="acdc", path=str(root)), data(root, *TARGET), 1))
    chosen = torch.arange(4)
    images, classes = several.batch(chosen)
    vary = Augmentation(AugmentationSpec(rotation_degrees=30, shift=0.1), 7)
    _, moved = vary(images, classes, 1, chosen)
    assert moved.dtype == torch.int64
    for number in range(1, 4):
        _, mask = vary(images, (classes == number).float()[:, None], 1, chosen)
        torch.testing.assert_close((moved == number).float()[:, None], mask)


def test_images_of_several_channels_are_prepared_channel_by_channel(labelled: LabelledSlice, phantom: Path) -> None:
    two = dataclasses.replace(labelled, series=np.stack([labelled.series, labelled.series * 2 + 100], axis=1))
    both = prepare_patient([two], [], data(phantom, "left_ventricle"))
    first = prepare_patient([labelled], [], data(phantom, "left_ventricle"))
    assert both.series.shape == (1, 1, 2, 48, 48)
    np.testing.assert_array_equal(both.series[:, :, 0], first.series)
    prepared = PreparedSet.join([both])
    images, masks = ImageTensors.of(prepared).batch(slice(0, 1))
    assert (images.shape, masks.shape, prepared.channels) == ((1, 2, 48, 48), (1, 1, 48, 48), 2)
    with pytest.raises(DataError, match="some of its images have 1 channel and others 2"):
        PreparedSet.join([both, first])


def test_what_no_case_has_is_refused_before_training(phantom: Path) -> None:
    root = phantom / "acdc"
    found = load_set(DatasetSpec(dataset="acdc", path=str(root)), data(root, "left_ventricle"), 1)
    nothing = dataclasses.replace(found, all_masks=np.zeros_like(found.all_masks))
    wanted = data(root, "left_ventricle")
    require_alike(wanted, {"train": found})
    with pytest.raises(DataError, match=r"data\.train: no case has left_ventricle, which data\.target names"):
        require_alike(wanted, {"train": nothing})
