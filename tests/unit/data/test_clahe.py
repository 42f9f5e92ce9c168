"""CLAHE equals OpenCV's bit for bit, however large the image and its values are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridctl_trainer.preprocessing.clahe import equalise


def assert_as_opencv(image: np.ndarray) -> None:
    np.testing.assert_array_equal(equalise(image), cv2.createCLAHE(2.0, (8, 8)).apply(image))


@settings(max_examples=80)
@given(
    st.integers(3, 90),
    st.integers(3, 90),
    st.sampled_from([0, 1, 60, 255, 1834, 4095, 8192, 8193, 65535]),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 2.0, 8.0]),
)
def test_any_image_becomes_what_opencv_makes_of_it(
    rows: int, columns: int, largest: int, seed: int, blur: float
) -> None:
    image = np.random.default_rng(seed).uniform(0, largest, (rows, columns))
    smooth = cv2.GaussianBlur(image, (0, 0), blur) if blur else image
    assert_as_opencv(np.rint(smooth).astype(np.uint16))


@pytest.mark.parametrize("shape", [(256, 256), (256, 216), (428, 512), (154, 224)])
def test_sizes_of_real_scans(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(1)
    assert_as_opencv(generator.integers(0, 900, shape).astype(np.uint16))
    assert_as_opencv(np.minimum(generator.exponential(120, shape), 4031).astype(np.uint16))
