"""Distances and surface Dice equal those of the field's libraries, on masks of every awkward kind."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import surface_distance
import torch
from monai.metrics.hausdorff_distance import compute_hausdorff_distance
from monai.metrics.surface_dice import compute_surface_dice
from monai.metrics.surface_distance import compute_average_surface_distance
from monai.metrics.utils import get_edge_surface_distance
from scipy.ndimage import binary_erosion, distance_transform_edt

from gridctl_trainer.metrics.base import CaseVolume, Undefined
from gridctl_trainer.metrics.surface_distance.distances import SurfaceDistances, surface_distances
from gridctl_trainer.metrics.surface_distance.surface_elements import areas_mm2
from gridctl_trainer.metrics.surface_distance.surfaces import TOLERANCE_MM, assd, hd, hd95, nsd
from tests.unit.metrics.masks import Mask, Pair, random_pairs, real_pairs

ROOT = os.environ.get("GRIDCTL_TEST_DATA", "")
TIGHT = 1e-6

pytestmark = [  # about how these libraries call others, and themselves
    pytest.mark.filterwarnings("ignore::DeprecationWarning:surface_distance"),
    pytest.mark.filterwarnings("ignore::FutureWarning:monai"),
]


def transformed(predicted: Mask, truth: Mask, spacing_mm: tuple[float, ...]) -> SurfaceDistances:
    """The definition, literally: scipy's erosion, and its distance transform of the whole grid."""
    edges = [mask & ~binary_erosion(mask) for mask in (predicted, truth)]
    to_edge = [distance_transform_edt(~edge, sampling=spacing_mm) for edge in edges]
    return SurfaceDistances(to_edge[1][edges[0]], to_edge[0][edges[1]])


def monai_hd95(pair: Pair) -> torch.Tensor:
    """Compute percentiles of MONAI's own distances.

    MONAI itself takes them in float32, in which the rank 0.95 (n - 1) is rounded, by up to 1e-4 of the gap between two
    neighbours.
    """
    masks = (torch.from_numpy(mask) for mask in (pair.predicted, pair.truth))
    distances = get_edge_surface_distance(*masks, spacing=list(pair.spacing_mm), symmetric=True)[1]
    return torch.stack([torch.quantile(directed.double(), 0.95) for directed in distances]).max()


def same_as_the_libraries(pairs: Iterable[Pair]) -> int:
    compared = 0
    for pair in pairs:
        volume, spacing_mm = pair.volume, list(pair.spacing_mm)
        ours = surface_distances(pair.predicted, pair.truth, spacing_mm)
        by_scipy = transformed(pair.predicted, pair.truth, pair.spacing_mm)
        np.testing.assert_allclose(ours.to_truth, by_scipy.to_truth, atol=TIGHT, err_msg=pair.name)
        np.testing.assert_allclose(ours.to_prediction, by_scipy.to_prediction, atol=TIGHT, err_msg=pair.name)
        given = {
            "y_pred": torch.from_numpy(pair.predicted)[None, None],
            "y": torch.from_numpy(pair.truth)[None, None],
            "include_background": True,
            "spacing": spacing_mm,
        }
        by_monai = {
            hd: compute_hausdorff_distance(**given),
            assd: compute_average_surface_distance(**given, symmetric=True),
            hd95: monai_hd95(pair),
        }
        by_deepmind = surface_distance.compute_surface_dice_at_tolerance(
            surface_distance.compute_surface_distances(pair.truth, pair.predicted, spacing_mm), TOLERANCE_MM
        )
        for metric, expected in by_monai.items():  # in float32
            assert metric(volume) == pytest.approx(expected.item(), rel=TIGHT, abs=TIGHT), (pair.name, metric)
        in_float32 = compute_hausdorff_distance(**given, percentile=95).item()
        assert hd95(volume) == pytest.approx(in_float32, abs=1e-3), pair.name
        assert nsd(volume) == pytest.approx(by_deepmind, abs=TIGHT), pair.name
        compared += 1
    return compared


def test_random_masks() -> None:
    assert same_as_the_libraries(random_pairs(100)) == 100


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_random_masks() -> None:
    assert same_as_the_libraries(random_pairs(10_000, seed=1)) == 10_000


@pytest.mark.skipif(not ROOT, reason="no real data: set GRIDCTL_TEST_DATA to a folder with data in it")
def test_masks_of_real_patients() -> None:
    assert same_as_the_libraries(real_pairs(Path(ROOT), every=20)) >= 15


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not ROOT, reason="no real data: set GRIDCTL_TEST_DATA to a folder with data in it")
def test_masks_of_all_real_patients() -> None:
    assert same_as_the_libraries(real_pairs(Path(ROOT))) > 300


def test_areas_are_those_that_are_published() -> None:
    spacing_mm = (10.0, 1.3, 1.7)
    published = surface_distance.lookup_tables.create_table_neighbour_code_to_surface_area(spacing_mm)
    np.testing.assert_allclose(areas_mm2(spacing_mm), published, rtol=1e-12)


def test_nsd_of_monai_is_the_same_where_it_takes_the_same_elements() -> None:
    for pair in random_pairs(20, seed=2):
        by_monai = compute_surface_dice(
            torch.from_numpy(pair.predicted)[None, None],
            torch.from_numpy(pair.truth)[None, None],
            [TOLERANCE_MM],
            include_background=True,
            spacing=list(pair.spacing_mm),
            use_subvoxels=True,
        )
        assert nsd(pair.volume) == pytest.approx(by_monai.item(), abs=1e-6), pair.name


def ball(shift: tuple[int, int, int] = (0, 0, 0)) -> Mask:
    places = np.indices((12, 30, 30)).transpose(1, 2, 3, 0) - np.array([6, 15, 15]) - np.array(shift)
    found: Mask = (places**2 / np.array([9, 64, 64])).sum(-1) < 1
    return found


def case(predicted: Mask, truth: Mask, slice_mm: float = 10.0) -> CaseVolume:
    return CaseVolume(predicted, truth, (1.5, 1.25, slice_mm), np.arange(len(truth)))


def test_truth_against_itself_is_perfect() -> None:
    volume = case(ball(), ball())
    assert (hd(volume), hd95(volume), assd(volume), nsd(volume)) == (0, 0, 0, 1)


@pytest.mark.parametrize(("axis", "spacing_mm"), [(0, 10.0), (1, 1.5), (2, 1.25)])
def test_a_shift_by_one_voxel_is_as_large_as_that_voxel(axis: int, spacing_mm: float) -> None:
    shift = tuple(int(axis == other) for other in range(3))
    volume = case(ball(shift), ball())  # type: ignore[arg-type]
    assert hd(volume) == pytest.approx(spacing_mm, abs=1e-12)
    for metric in (hd95, assd):
        value = metric(volume)
        assert not isinstance(value, Undefined)
        assert 0 < value <= spacing_mm + 1e-12


def test_a_tolerance_that_is_met_exactly_is_met() -> None:
    """Five times 0.4 mm is 2 mm, although rounding may give another result."""
    truth, predicted = np.zeros((2, 3, 40, 40), dtype=bool)
    truth[1, 10:30, 13:20], predicted[1, 10:30, 18:25] = True, True
    volume = CaseVolume(predicted, truth, (1.0, 0.4, 100.0), np.arange(3))
    assert nsd(volume) == 1


@pytest.mark.parametrize("which", ["truth", "prediction"])
def test_where_one_is_empty_distances_are_the_diagonal(which: str) -> None:
    empty = np.zeros_like(ball())
    volume = case(ball(), empty) if which == "truth" else case(empty, ball())
    diagonal = float(np.hypot(np.hypot(30 * 1.5, 30 * 1.25), 12 * 10))
    assert [hd(volume), hd95(volume), assd(volume)] == pytest.approx([diagonal] * 3)
    assert nsd(volume) == 0


def test_where_both_are_empty_nothing_is_defined() -> None:
    empty = np.zeros_like(ball())
    for metric in (hd, hd95, assd, nsd):
        assert metric(case(empty, empty)) == Undefined("both empty")


def test_without_the_distance_of_slices_there_is_none_of_surfaces() -> None:
    for metric in (hd, hd95, assd, nsd):
        assert metric(case(ball(), ball(), slice_mm=0)) == Undefined("spacing unknown")


def test_slices_that_nobody_outlined_lie_between_those_that_are() -> None:
    """A volume with annotations on every other slice is as deep as the scan."""
    truth, predicted = np.zeros((2, 2, 9, 9), dtype=bool)
    truth[0, 4, 4] = predicted[1, 4, 4] = True
    volume = CaseVolume(predicted, truth, (1.0, 1.0, 10.0), np.array([3, 5]))
    assert hd(volume) == 20
