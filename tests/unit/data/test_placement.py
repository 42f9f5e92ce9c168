"""Mapping from the scanner's grid to the square and back moves nothing, and marks what was cropped."""

from __future__ import annotations

import numpy as np
import pytest

from gridctl_trainer.contract.spec import DataSpec
from gridctl_trainer.preprocessing.placement import on_scanner_grid, pad_and_crop_into, segmented
from gridctl_trainer.preprocessing.steps import preprocess, resample, shrunk_shape


def square_of(labels: np.ndarray, size_px: int, *, resize: bool) -> tuple[np.ndarray, tuple[int, int]]:
    data = DataSpec.model_validate(
        {"train": {"dataset": "acdc", "path": "-"}, "size_px": size_px, "preprocessing": {"resize": resize}}
    )
    prepared = preprocess(labels[None].astype(np.float32), labels, data, (1.5, 1.5))
    return prepared.mask, prepared.resampled


def logits_of(mask: np.ndarray, classes: int) -> np.ndarray:
    if classes == 1:
        return np.where(mask > 0, 4.0, -4.0)[None].astype(np.float32)
    return np.stack([np.where(mask == number, 4.0, -4.0) for number in range(classes + 1)]).astype(np.float32)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * float((one & other).sum()) / float(one.sum() + other.sum())


@pytest.mark.parametrize("classes", [1, 3])
@pytest.mark.parametrize("shape", [(48, 48), (47, 48), (30, 41), (48, 33), (21, 20)])
def test_an_image_that_fits_comes_back_as_it_was(shape: tuple[int, int], classes: int) -> None:
    labels = np.random.default_rng(sum(shape)).integers(0, classes + 1, shape).astype(np.uint8)
    mask, resampled = square_of(labels, 48, resize=True)
    assert resampled == shape
    restored = on_scanner_grid(logits_of(mask, classes), resampled, shape)
    assert not np.isnan(restored).any()
    np.testing.assert_array_equal(segmented(restored), labels)


@pytest.mark.parametrize("classes", [1, 2])
@pytest.mark.parametrize("shape", [(64, 51), (49, 90), (101, 48)])
def test_without_resizing_the_centre_comes_back_and_the_rest_is_missed(shape: tuple[int, int], classes: int) -> None:
    labels = np.random.default_rng(sum(shape)).integers(0, classes + 1, shape).astype(np.uint8)
    mask, resampled = square_of(labels, 48, resize=False)
    restored = on_scanner_grid(logits_of(mask, classes), resampled, shape)
    rows, columns = ((max(0, (n - 48) // 2), min(n, 48)) for n in shape)
    centre = np.zeros(shape, dtype=bool)
    centre[rows[0] : rows[0] + rows[1], columns[0] : columns[0] + columns[1]] = True
    np.testing.assert_array_equal(np.isnan(restored[0]), ~centre)
    np.testing.assert_array_equal(segmented(restored), np.where(centre, labels, 0))


@pytest.mark.parametrize("shape", [(96, 96), (144, 96), (100, 131), (90, 171)])
def test_a_disc_of_a_shrunk_image_comes_back_in_its_place(shape: tuple[int, int]) -> None:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    middle = (shape[0] / 2 + 6, shape[1] / 2 - 9)
    disc = ((rows - middle[0]) ** 2 + (columns - middle[1]) ** 2 <= 15**2).astype(np.uint8)
    resampled = shrunk_shape(shape, 48)
    square = np.zeros((48, 48), dtype=np.float32)
    pad_and_crop_into(square, resample(disc.astype(np.float32), resampled))
    found = segmented(on_scanner_grid(square[None] - 0.5, resampled, shape))
    assert dice(found > 0, disc > 0) > 0.97
    centre = [np.mean(np.nonzero(found)[axis]) - np.mean(np.nonzero(disc)[axis]) for axis in (0, 1)]
    assert np.abs(centre).max() < 0.2, "in pixels as scanned"


def test_of_a_shrunk_image_the_crop_is_background_on_the_scanner_s_grid() -> None:
    scanned, resampled = (192, 96), (96, 48)
    restored = on_scanner_grid(np.full((1, 48, 48), 9.0, dtype=np.float32), resampled, scanned)
    inside = np.flatnonzero(segmented(restored).any(axis=1))
    assert (inside[0], inside[-1]) == (48, 143)
    square = np.zeros((48, 48), dtype=np.float32)
    pad_and_crop_into(square, np.arange(96, dtype=np.float32)[:, None].repeat(48, 1))
    assert (square[0, 0], square[-1, 0]) == (24, 71), "rows of the shrunk image that the model saw"


def test_logits_are_resized_and_not_their_labels() -> None:
    logits = np.array([[[-1.0, 3.0], [-1.0, 3.0]]], dtype=np.float32)
    found = on_scanner_grid(logits, (2, 2), (2, 8))
    np.testing.assert_allclose(found[0, 0], [-1, -1, -0.5, 0.5, 1.5, 2.5, 3, 3])
    assert segmented(found)[0].tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
