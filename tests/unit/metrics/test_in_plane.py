"""Distances within slices treat each slice separately, count missed ones by the diagonal, and give thirds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gridctl_trainer.metrics.base import CaseVolume, Undefined
from gridctl_trainer.metrics.surface_distance.distances import surface_distances
from gridctl_trainer.metrics.surface_distance.in_plane import (
    slice_hd95,
    slice_hd95_apical,
    slice_hd95_basal,
    slice_hd95_mid,
)
from tests.unit.metrics.masks import random_pairs

MM = (1.5, 1.25, 10.0)


def cone(shifts: list[int], *, base_last: bool = False) -> CaseVolume:
    """Squares of decreasing size, each predicted this number of rows away."""
    truth, predicted = np.zeros((2, len(shifts), 60, 60), dtype=bool)
    for place, shift in enumerate(shifts):
        side = 30 - 2 * place
        truth[place, 10 : 10 + side, 10 : 10 + side] = True
        predicted[place, 10 + shift : 10 + shift + side, 10 : 10 + side] = True
    step = -1 if base_last else 1
    return CaseVolume(predicted[::step], truth[::step], MM, np.arange(len(shifts)))


def test_each_slice_is_looked_at_alone() -> None:
    for pair in random_pairs(60, seed=3):
        volume = pair.volume
        expected = {
            place: surface_distances(volume.predicted[place], volume.truth[place], volume.spacing_mm[:2]).hd95
            for place in range(len(volume.truth))
            if volume.truth[place].any() and volume.predicted[place].any()
        }
        found = volume.in_plane_hd95
        assert {place: found[place] for place in expected} == pytest.approx(expected), pair.name


def test_the_distance_of_slices_plays_no_part() -> None:
    near = cone([1, 2, 3])
    far = CaseVolume(near.predicted, near.truth, (1.5, 1.25, 0.0), near.slices)
    assert slice_hd95(near) == slice_hd95(far)


@pytest.mark.parametrize("base_last", [False, True])
def test_thirds_are_counted_from_the_larger_end(base_last: bool) -> None:
    volume = cone([2, 2, 4, 4, 6, 6], base_last=base_last)
    assert slice_hd95_basal(volume) == pytest.approx(2 * 1.5)
    assert slice_hd95_mid(volume) == pytest.approx(4 * 1.5)
    assert slice_hd95_apical(volume) == pytest.approx(6 * 1.5)
    assert slice_hd95(volume) == pytest.approx(4 * 1.5)


def test_a_slice_that_is_missed_counts_with_its_diagonal_and_one_without_truth_not_at_all() -> None:
    volume = cone([0, 0, 0, 0])
    volume.predicted[1] = False
    volume.truth[3] = False
    assert volume.in_plane_hd95 == pytest.approx({0: 0, 1: math.hypot(60 * 1.5, 60 * 1.25), 2: 0})


def test_what_has_no_value_says_why() -> None:
    volume = cone([0])
    assert slice_hd95_mid(volume) == 0
    assert slice_hd95_apical(volume) == Undefined("no slice in this third")
    nothing = CaseVolume(volume.predicted, np.zeros_like(volume.truth), MM, volume.slices)
    assert slice_hd95(nothing) == Undefined("no truth")
