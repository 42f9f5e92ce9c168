"""The power of tests with several looks is the share of studies in which a report would find the effect."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gridctl.analysis.statistics.power import paired_t_power, pairs_needed
from gridctl.analysis.statistics.sequential.anytime import anytime
from gridctl.analysis.statistics.sequential.looks import adjusted_p
from gridctl.analysis.statistics.sequential.power import AnyTime, AtLooks, Once, paired_power

LOOKS = (5, 10, 15)


@pytest.mark.parametrize(("effect", "level"), [(0.5, 0.05), (1.0, 0.05), (1.0, 0.05 / 4)])
def test_looks_find_what_a_report_at_any_of_them_calls_significant(effect: float, level: float) -> None:
    generator = np.random.default_rng(7)
    studies = generator.normal(effect, 1, (4000, max(LOOKS)))
    found = np.zeros(len(studies), dtype=bool)
    for number, look in enumerate(LOOKS, 1):
        p = stats.ttest_1samp(studies[:, :look], 0, axis=1).pvalue
        found |= np.array([adjusted_p(float(value), LOOKS) for value in p]) <= level
        expected = float(found.mean())
        error = 4 * (max(expected * (1 - expected), 0.001) / len(studies)) ** 0.5
        for pairs in (look, look + 4):  # pairs between looks add nothing
            assert AtLooks(LOOKS).power(effect, pairs, level) == pytest.approx(expected, abs=error), number


def test_the_first_look_is_waited_for() -> None:
    assert AtLooks(LOOKS).power(2.0, 4, 0.05) == 0


def test_a_look_that_is_not_reached_has_spent_its_share() -> None:
    assert AtLooks((5, 10, 15)).power(1.0, 10, 0.05) < AtLooks((5, 10)).power(1.0, 10, 0.05)
    assert AtLooks((5, 10)).power(1.0, 10, 0.05) < Once().power(1.0, 10, 0.05)


def test_seeds_needed_are_those_of_a_look() -> None:
    assert AtLooks(LOOKS).pairs_needed(2.0, 0.8, 0.05) == 10
    assert AtLooks(LOOKS).pairs_needed(1.0, 0.8, 0.05) == 15
    later = AtLooks(LOOKS).pairs_needed(0.5, 0.8, 0.05)
    assert later == pairs_needed(0.5, 1, 0.8, 0.05 / 3)
    assert AtLooks((*LOOKS[:2], later or 0)).power(0.5, later or 0, 0.05) >= 0.8
    assert AtLooks(LOOKS).pairs_needed(0.001, 0.8, 0.05) is None


def test_at_any_time_finds_what_a_report_after_some_seed_calls_significant() -> None:
    generator = np.random.default_rng(8)
    studies = generator.normal(1.0, 1, (600, 12))
    first = [next((n for n in range(3, 13) if anytime(study[:n]).p <= 0.05), 99) for study in studies]
    for pairs in (5, 8, 12):
        expected = float(np.mean(np.array(first) <= pairs))
        assert AnyTime().power(1.0, pairs, 0.05) == pytest.approx(expected, abs=4 * (0.25 / 600) ** 0.5)


def test_folds_are_looked_at_together() -> None:
    assert AnyTime(step=5).power(1.0, 4, 0.05) == 0
    assert AnyTime(step=5).power(1.0, 10, 0.05) <= AnyTime().power(1.0, 10, 0.05)
    assert (AnyTime(step=5).pairs_needed(1.0, 0.8, 0.05) or 0) % 5 == 0


def test_without_a_difference_the_level_is_kept() -> None:
    assert AtLooks(LOOKS).power(0.0, 15, 0.05) == pytest.approx(0.05, abs=0.006)
    assert AnyTime().power(0.0, 200, 0.05) <= 0.05


def test_the_median_of_pairs_until_decided() -> None:
    """At an effect of 2 deviations, looks need at most 60% of the 13 pairs planned for 1 deviation at 90% power."""
    assert pairs_needed(1.0, 1.0, 0.9) == 13
    assert (AnyTime().pairs_needed(2.0, 0.5, 0.05) or 99) <= 0.6 * 13


def test_one_look_is_the_paired_t() -> None:
    for looks in ((), (10,)):
        rule = paired_power(looks, anytime=False)
        assert rule.power(1.0, 10, 0.05) == paired_t_power(1.0, 1.0, 10)
        assert rule.pairs_needed(1.0, 0.8, 0.05) == pairs_needed(1.0, 1.0, 0.8)
