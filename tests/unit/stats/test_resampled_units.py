"""Ranks and performance profiles under resampling of seeds or patients."""

from __future__ import annotations

import numpy as np
import pytest

from gridctl.analysis.statistics.resampled_units import performance_profile, rank_stability


def one_cell(scores: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """One cell with a score for each unit and model."""
    table = np.array(scores, dtype=float)[None]
    return table, np.ones(table.shape[:2])


def test_ranks_are_by_mean_score_and_ties_share_the_mean_of_their_places() -> None:
    found = rank_stability(*one_cell([[0.9, 0.8, 0.8], [0.7, 0.6, 0.6]]), higher_is_better=True)
    assert found.mean.tolist() == pytest.approx([0.8, 0.7, 0.7])
    assert found.rank.tolist() == [1, 2.5, 2.5]
    lower = rank_stability(*one_cell([[0.9, 0.8, 0.8], [0.7, 0.6, 0.6]]), higher_is_better=False)
    assert lower.rank.tolist() == [3, 1.5, 1.5]


def test_a_clear_leader_is_first_in_every_sample_and_ties_share_being_first() -> None:
    found = rank_stability(*one_cell([[0.9, 0.2, 0.2], [0.8, 0.1, 0.1], [0.95, 0.3, 0.3]]), higher_is_better=True)
    assert found.first is not None
    assert found.first.tolist() == [1, 0, 0]
    tied = rank_stability(*one_cell([[0.5, 0.5], [0.7, 0.7]]), higher_is_better=True)
    assert tied.first is not None
    assert tied.mean_rank is not None
    assert tied.first.tolist() == [0.5, 0.5]
    assert tied.mean_rank.tolist() == [1.5, 1.5]


def test_shares_of_samples_are_those_of_all_samples_counted() -> None:
    """Each model leads in one of two units by the same amount, so of four samples, each wins one and two are ties."""
    found = rank_stability(*one_cell([[0.6, 0.5], [0.5, 0.6]]), higher_is_better=True, resamples=20_000)
    assert found.first == pytest.approx([0.5, 0.5], abs=0.02)
    uneven = rank_stability(*one_cell([[0.8, 0.5], [0.5, 0.6]]), higher_is_better=True, resamples=20_000)
    assert uneven.first == pytest.approx([0.75, 0.25], abs=0.02)  # the samples: both, the first twice, the second twice
    assert uneven.mean_rank == pytest.approx([1.25, 1.75], abs=0.02)


def test_a_whole_unit_is_drawn_with_all_of_its_cells() -> None:
    """If cells cancel within each unit, the result does not depend on which units are drawn."""
    sums = np.array([[[0.6, 0.5], [0.3, 0.2]], [[0.1, 0.15], [0.4, 0.45]]])
    found = rank_stability(sums, np.ones((2, 2)), higher_is_better=True)
    assert found.first is not None
    assert found.first.tolist() == [1, 0]


def test_of_one_unit_there_is_a_rank_and_no_bootstrap() -> None:
    found = rank_stability(*one_cell([[0.6, 0.5]]), higher_is_better=True)
    assert found.rank.tolist() == [1, 2]
    assert found.first is None
    assert found.mean_rank is None


def test_a_profile_is_the_share_above_each_threshold_mean_over_cells() -> None:
    scores = np.array([[0.5, 0.7, 0.9, np.nan], [0.9, 0.9, 0.9, 0.9]])
    found = performance_profile(scores, np.array([0.4, 0.6, 0.8, 0.95]), higher_is_better=True)
    assert found.share.tolist() == pytest.approx([1, (2 / 3 + 1) / 2, (1 / 3 + 1) / 2, 0])
    assert found.low is not None
    assert found.high is not None
    assert (found.low <= found.share).all()
    assert (found.share <= found.high).all()
    below = performance_profile(scores[:1], np.array([0.6]), higher_is_better=False)
    assert below.share.tolist() == pytest.approx([1 / 3])


def test_a_band_is_that_of_the_binomial() -> None:
    scores = np.array([[0.0] * 30 + [1.0] * 70])
    found = performance_profile(scores, np.array([0.5]), higher_is_better=True, resamples=20_000)
    assert found.low is not None
    assert found.high is not None
    assert (found.low[0], found.high[0]) == pytest.approx((0.61, 0.79), abs=0.011)


def test_of_one_unit_there_is_no_band() -> None:
    assert performance_profile(np.array([[0.5]]), np.array([0.4]), higher_is_better=True).low is None
