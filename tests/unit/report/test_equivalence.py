"""Equivalence within a declared margin is tested for cells, for the whole grid, and as a posterior."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gridctl.analysis.statistics.equivalence import rope_posterior, tost
from gridctl.analysis.statistics.population.nadeau_bengio import corrected_t
from gridctl.report import Report
from tests.unit.report.situations import CASES, SLICES, Situation, ahead, cases, reported

FIVE = [0.012, 0.018, 0.009, 0.021, 0.015]


def test_the_posterior_of_nadeau_and_bengios_error_is_the_correlated_bayesian_t_test() -> None:
    """The posterior of `baycomp` at ratio 0.8 with a region of 0.005."""
    test = corrected_t(FIVE, 20, 80)
    assert test is not None
    assert test.se is not None
    found = rope_posterior(test.mean, test.se, test.degrees_of_freedom, 0.005)
    assert (found.below, found.within, found.above) == pytest.approx((0.0016362, 0.0157425, 0.9826213), abs=1e-6)
    with pytest.raises(ValueError, match="margin"):
        rope_posterior(test.mean, test.se, 4, 0)


def told(tmp_path: Path, *overrides: str) -> Report:
    return reported(Situation(ahead(0.0, 0.003), (SLICES, *overrides)), tmp_path)


def test_without_a_margin_no_equivalence_is_claimed_or_computed(tmp_path: Path) -> None:
    report = told(tmp_path)
    for part in report.comparisons:
        for row in (*part.rows, *part.overall):
            assert row.equivalent is row.p_tost is row.equivalence_margin is None
            assert "within" not in row.verdict
        assert all(row.rope_within is None for row in part.rows)
    assert not any("within" in line for line in report.headlines)


def test_the_whole_grid_is_equivalent_by_the_claims_own_error(tmp_path: Path) -> None:
    text = (CASES, "compare.equivalence_margin=0.05")
    report = reported(Situation(ahead(0.0), text, cases(0.0)), tmp_path)
    row = report.comparisons[0].overall[0]
    assert row.claim == "population"
    assert row.t is not None
    assert row.difference is not None
    theirs = tost(row.difference, row.difference / row.t, row.degrees_of_freedom, 0.05)
    assert row.p_tost == pytest.approx(theirs.p)
    assert row.equivalent is True
    assert row.verdict == "gamma_net and unet are equivalent within the declared margin of ±0.05"


def test_a_posterior_is_that_of_the_declared_claim(tmp_path: Path) -> None:
    row = told(tmp_path, "compare.equivalence_margin=0.005").comparisons[0].rows[0]
    assert row.t is not None
    assert row.difference is not None
    theirs = rope_posterior(row.difference, row.difference / row.t, 4, 0.005)
    assert (row.rope_below, row.rope_within) == pytest.approx((theirs.below, theirs.within))
    parts = (row.rope_below, row.rope_within, row.rope_above)
    assert np.sum([part for part in parts if part is not None]) == pytest.approx(1)


def test_an_answer_that_is_looked_at_again_has_no_posterior(tmp_path: Path) -> None:
    report = told(tmp_path, "compare.equivalence_margin=0.05", "compare.stopping=anytime")
    assert all(row.rope_within is None for row in report.comparisons[0].rows)
    assert not any("posterior" in line for line in report.headlines)
