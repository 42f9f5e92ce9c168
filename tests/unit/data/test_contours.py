"""In contours, x is the column, and sub-pixel coordinates count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.sunnybrook.contours import fill, read_contour

HERE = Path("contour.txt")


def test_x_is_the_column(tmp_path: Path) -> None:
    path = tmp_path / "c.txt"
    path.write_text("10 3\n20 3\n20 5\n10 5\n")
    mask = fill(read_contour(path), (12, 30), path)
    assert mask.shape == (12, 30)
    rows, columns = np.nonzero(mask)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 5, 10, 20)


def test_blank_lines_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "c.txt"
    path.write_bytes(b"1.5 2.0\r\n\r\n3.5  2.0\r\n3.5\t4.0\r\n")
    np.testing.assert_array_equal(read_contour(path), [[1.5, 2], [3.5, 2], [3.5, 4]])


@given(st.floats(20, 40), st.floats(20, 40), st.floats(6, 14))
def test_the_area_of_a_circle_follows_its_centre_and_radius_below_a_pixel(x: float, y: float, radius: float) -> None:
    angles = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    contour = np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1)
    mask = fill(contour, (60, 60), HERE)
    rows, columns = np.nonzero(mask)
    assert columns.mean() == pytest.approx(x, abs=0.3)
    assert rows.mean() == pytest.approx(y, abs=0.3)
    # OpenCV also draws the border, so half a pixel around the contour belongs to it.
    assert np.sqrt(mask.sum() / np.pi) == pytest.approx(radius + 0.5, abs=0.35)


def test_half_a_pixel_is_not_cut_off() -> None:
    """If coordinates were truncated, both shapes would cover the same pixels."""
    square = np.array([[10.0, 10], [20, 10], [20, 20], [10, 20]])
    shifted = fill(square + 0.75, (40, 40), HERE)
    assert not np.array_equal(shifted, fill(square, (40, 40), HERE))
    assert np.argwhere(shifted).mean() == pytest.approx(15.75, abs=0.3)


@pytest.mark.parametrize("point", [(-0.6, 5), (5, -0.6), (29.6, 5), (5, 11.6)])
def test_a_point_outside_the_image_is_named(point: tuple[float, float]) -> None:
    contour = np.array([point, (5, 5), (8, 8)])
    with pytest.raises(DataError, match="outside the image of 30 columns and 12 rows"):
        fill(contour, (12, 30), HERE)
