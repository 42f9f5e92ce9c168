"""Numbers over the whole grid count seeds as observations, and their intervals hold if cells share seeds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from gridctl.analysis.statistics.improvement import probability_of_improvement, wilson
from gridctl.analysis.statistics.over_grid import improvement_over_grid, iqm, iqm_difference, mean_over_grid

Table = NDArray[np.float64]


def nested(seeds: int, seed: int, *, shared: float = 1.0, cells: int = 4) -> Table:
    """Scores of a grid in which a seed has a common effect on all cells."""
    generator = np.random.default_rng(seed)
    return shared * generator.normal(size=(seeds, 1)) + generator.normal(size=(seeds, cells))


def test_a_mean_over_the_grid_is_a_t_test_of_the_seeds_means() -> None:
    d = nested(6, 0)
    ours, theirs = mean_over_grid(d), stats.ttest_1samp(d.mean(axis=1), 0)
    assert ours is not None
    assert (ours.value, ours.t, ours.p, ours.degrees_of_freedom) == pytest.approx(
        (d.mean(), theirs.statistic, theirs.pvalue, 5)
    )
    interval = theirs.confidence_interval(0.95)
    assert (ours.ci_low, ours.ci_high) == pytest.approx((interval.low, interval.high))


def test_a_seed_that_lacks_a_cell_is_left_out_of_the_mean() -> None:
    d = nested(6, 0)
    d[2, 1] = np.nan
    assert mean_over_grid(d) == mean_over_grid(np.delete(d, 2, axis=0))
    d[:, 0] = np.nan
    assert mean_over_grid(d) is None
    assert mean_over_grid(np.zeros((0, 3))) is None


def test_one_seed_and_no_spread_have_no_p() -> None:
    one = mean_over_grid([[0.1, 0.3]])
    assert one is not None
    assert (one.value, one.p, one.ci_low) == (pytest.approx(0.2), None, None)
    same = mean_over_grid([[0.81 - 0.80, 0.0], [0.82 - 0.81, 0.0]])
    assert same is not None
    assert same.p is None


def test_iqm_is_of_all_scores_and_pairs_go_together() -> None:
    d = nested(5, 1)
    ours = iqm(d)
    assert ours is not None
    assert ours.value == pytest.approx(stats.trim_mean(d.ravel(), 0.25))
    lead = iqm_difference(d + 0.25, d)
    assert lead is not None
    assert (lead.value, lead.ci_low, lead.ci_high) == pytest.approx((0.25, 0.25, 0.25))
    gap = d.copy()
    gap[0, 0] = np.nan
    assert iqm_difference(d + 0.25, gap) is not None
    assert iqm(np.full((2, 2), np.nan)) is None


def test_improvement_counts_each_seed_once() -> None:
    """Five seeds that agree in four cells are five observations, not twenty."""
    ours = improvement_over_grid(np.ones((5, 4)))
    assert ours is not None
    assert ours == wilson(1.0, 5)
    assert ours.significant
    assert ours.meaningful
    few = improvement_over_grid(np.ones((3, 4)))
    assert few is not None
    assert not few.significant
    assert improvement_over_grid(np.full((2, 2), np.nan)) is None


def test_an_improvement_can_be_sure_and_too_small_to_matter() -> None:
    ours = wilson(0.62, 200)
    assert ours.significant
    assert not ours.meaningful
    assert probability_of_improvement([], []) is None


@pytest.mark.parametrize("seeds", [5, 10])
@pytest.mark.parametrize("shared", [0.0, 1.0, 2.0])
def test_intervals_hold_the_truth_where_cells_share_seeds(seeds: int, shared: float) -> None:
    """If cells were drawn independently, coverage would be 67 to 93%; the jackknife of an IQM is slightly too short."""
    studies = 400
    held = dict.fromkeys(("mean", "iqm", "difference"), 0)
    for study in range(studies):
        a, b = nested(seeds, 2 * study, shared=shared), nested(seeds, 2 * study + 1, shared=shared)
        for name, found in (("mean", mean_over_grid(a)), ("iqm", iqm(a)), ("difference", iqm_difference(a, b))):
            assert found is not None
            assert found.ci_low is not None
            assert found.ci_high is not None
            held[name] += found.ci_low <= 0 <= found.ci_high
    for name, times in held.items():
        assert times / studies >= (0.92 if name != "iqm" else 0.89), name
