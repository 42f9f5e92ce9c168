"""The thesis's steps run in its order and can each be left out; images and masks stay on the same pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gridctl_trainer.contract.spec import DataSpec
from gridctl_trainer.preprocessing import steps
from gridctl_trainer.preprocessing.placement import pad_and_crop_into
from gridctl_trainer.preprocessing.steps import (
    clahe,
    gaussian,
    minmax,
    resample,
    resample_mask,
    shrunk_shape,
)

STEPS = ("gaussian", "clahe", "minmax", "resize")


def spec(size_px: int, *without: str) -> DataSpec:
    return DataSpec.model_validate(
        {
            "train": {"dataset": "acdc", "path": "a"},
            "size_px": size_px,
            "preprocessing": {step: step not in without for step in STEPS},
        }
    )


def preprocess(image: np.ndarray, mask: np.ndarray, data: DataSpec) -> tuple[np.ndarray, np.ndarray]:
    """Make a series of one frame."""
    prepared = steps.preprocess(image[None], mask, data, (1.5, 1.5))
    assert prepared.series.shape[0] == 1
    return prepared.series[0], prepared.mask


def downsample(image: np.ndarray, mask: np.ndarray, size_px: int) -> tuple[np.ndarray, np.ndarray]:
    shape = shrunk_shape(image.shape, size_px)
    return resample(image, shape), resample_mask(mask, shape)


def pad_and_crop(pixels: np.ndarray, size_px: int) -> np.ndarray:
    square = np.full((size_px, size_px), 255, pixels.dtype)
    pad_and_crop_into(square, pixels)
    return square


def scan(rows: int = 60, columns: int = 50) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    image = generator.uniform(0, 900, (rows, columns)).astype(np.float32)
    mask = np.zeros((rows, columns), np.uint8)
    mask[20:35, 10:30] = 1
    return image, mask


def test_the_steps_in_the_thesis_order() -> None:
    image, mask = scan()
    expected = cv2.GaussianBlur(image, (3, 3), 1)
    integers = np.clip(np.rint(expected), 0, 65535).astype(np.uint16)
    expected = cv2.createCLAHE(2.0, (8, 8)).apply(integers).astype(np.float32)
    expected = (expected - expected.min()) / (expected.max() - expected.min())
    expected = cv2.resize(expected, (32, 38), interpolation=cv2.INTER_AREA)[3:35]
    prepared, _ = preprocess(image, mask, spec(32))
    np.testing.assert_array_equal(prepared, expected.astype(np.float32))


@pytest.mark.parametrize("step", STEPS)
def test_every_step_can_be_left_out_and_matters(step: str) -> None:
    image, mask = scan()
    whole, without = preprocess(image, mask, spec(32))[0], preprocess(image, mask, spec(32, step))[0]
    assert not np.array_equal(whole, without)
    assert without.shape == (32, 32)


def test_without_any_step_the_centre_is_cut_out_untouched() -> None:
    image, mask = scan()
    prepared, prepared_mask = preprocess(image, mask, spec(32, *STEPS))
    np.testing.assert_array_equal(prepared, image[14:46, 9:41])
    np.testing.assert_array_equal(prepared_mask, mask[14:46, 9:41])


@settings(max_examples=60)
@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.int16, np.float32]),
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=3, max_side=70),
        elements=st.integers(0, 200),
    ),
    st.sampled_from([16, 32, 48]),
    st.sets(st.sampled_from(STEPS)),
)
def test_any_image_becomes_a_square_of_finite_numbers_and_a_binary_mask(
    image: np.ndarray, size_px: int, without: set[str]
) -> None:
    mask = (image > 100).astype(np.uint8)
    prepared, prepared_mask = preprocess(image.astype(np.float32), mask, spec(size_px, *without))
    assert prepared.shape == prepared_mask.shape == (size_px, size_px)
    assert (prepared.dtype, prepared_mask.dtype) == (np.float32, np.uint8)
    assert np.isfinite(prepared).all()
    assert set(np.unique(prepared_mask)) <= {0, 1}
    if "minmax" not in without:
        assert prepared.min() >= 0
        assert prepared.max() <= 1


@given(st.integers(3, 300), st.integers(3, 300), st.sampled_from([16, 64]))
def test_the_shorter_edge_becomes_the_target_and_nothing_is_enlarged(rows: int, columns: int, size_px: int) -> None:
    image, mask = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.uint8)
    small, small_mask = downsample(image, mask, size_px)
    assert small.shape == small_mask.shape
    if min(rows, columns) <= size_px:
        assert small.shape == (rows, columns)
    else:
        assert min(small.shape) == size_px
        ratio = max(rows, columns) / min(rows, columns)
        assert max(small.shape) == pytest.approx(size_px * ratio, abs=0.51)


def test_image_and_mask_shrink_onto_the_same_pixels() -> None:
    """A bright square and its mask keep the same centre and area."""
    image, mask = np.zeros((96, 120), np.float32), np.zeros((96, 120), np.uint8)
    image[30:60, 42:72] = 1
    mask[30:60, 42:72] = 1
    small, small_mask = downsample(image, mask, 32)
    assert small.sum() == pytest.approx(small_mask.sum(), rel=0.02)
    for axis in (0, 1):
        places = np.arange(small.shape[axis])
        centres = [(pixels.sum(1 - axis) * places).sum() / pixels.sum() for pixels in (small, small_mask)]
        assert centres[0] == pytest.approx(centres[1], abs=0.05)


def test_a_constant_image_becomes_black_not_nan() -> None:
    np.testing.assert_array_equal(minmax(np.full((4, 4), 7, np.float32)), np.zeros((4, 4)))


def test_clahe_takes_intensities_as_16_bit_integers() -> None:
    image = np.array([[-5, 0.4], [0.6, 70000]], np.float32).repeat(16, 0).repeat(16, 1)
    as_integers = np.array([[0, 0], [1, 65535]], np.float32).repeat(16, 0).repeat(16, 1)
    np.testing.assert_array_equal(clahe(image), clahe(as_integers))


def test_gaussian_is_the_3x3_kernel_of_sigma_1() -> None:
    point = np.zeros((5, 5), np.float32)
    point[2, 2] = 1
    weights = np.exp(-np.array([1, 0, 1]) / 2)
    weights /= weights.sum()
    np.testing.assert_allclose(gaussian(point)[1:4, 1:4], np.outer(weights, weights), atol=1e-6)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_padding_and_cropping_keep_the_centre(rows: int, columns: int, size_px: int) -> None:
    pixels = np.zeros((rows, columns), np.uint8)
    pixels[rows // 2, columns // 2] = 1
    square = pad_and_crop(pixels, size_px)
    assert square.shape == (size_px, size_px)
    if size_px > 1:
        found = np.argwhere(square)
        assert len(found) == 1
        assert np.abs(found[0] - size_px / 2).max() <= 1


def test_every_frame_of_a_series_is_prepared_as_if_it_were_alone() -> None:
    image, mask = scan()
    series = np.stack([image * factor for factor in (0.3, 0.6, 1.0)])
    prepared = steps.preprocess(series, mask, spec(32), (1.5, 1.5))
    for frame, raw in zip(prepared.series, series, strict=True):
        np.testing.assert_array_equal(frame, preprocess(raw, mask, spec(32))[0])


@given(st.integers(8, 90), st.integers(8, 90), st.sampled_from([16, 32]), st.booleans())
def test_the_area_of_the_cavity_is_kept_but_for_what_the_crop_is_said_to_cut(
    rows: int, columns: int, size_px: int, resize: bool
) -> None:
    mask = np.ones((rows, columns), np.uint8)
    prepared = steps.preprocess(
        np.zeros((1, rows, columns), np.float32), mask, spec(size_px, *([] if resize else STEPS)), (1.5, 1.5)
    )
    left, cut = prepared.mask.sum() * prepared.pixel_area, prepared.cropped_px * prepared.pixel_area
    assert left + cut == pytest.approx(mask.sum())
    assert (prepared.pixel_area > 1) == (resize and min(rows, columns) > size_px)
