"""The power that `gridctl plan` gives for the test over the whole grid agrees with simulated studies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gridctl.analysis.statistics.population.crossed_components import Components
from gridctl.analysis.statistics.population.two_way import two_way
from gridctl.analysis.statistics.population.two_way_power import CrossedDesign
from gridctl.analysis.statistics.power import paired_t_power

CELLS, PATIENTS, SCORED = 4, 40, 0.5
SEED, PATIENT, SHARED, OWN = 0.02, 0.04, 0.03, 0.06
"""Standard deviations: of seeds, of patients, of a seed's patient in every cell, and of a single cell."""

RESIDUAL = (SHARED**2 + OWN**2 / CELLS) ** 0.5


def simulated(effect: float, seeds: int, tests: int, studies: int) -> tuple[float, float]:
    """Share of studies in which p is at most 0.05 / tests, over seeds, and over seeds and patients.

    Each seed validates half of the patients, the same in every cell; a study is the mean over its cells.
    """
    generator = np.random.default_rng([seeds, tests])
    level, found = 0.05 / tests, np.zeros(2)
    for _ in range(studies):
        d = effect + generator.normal(0, OWN, (CELLS, seeds, PATIENTS)).mean(axis=0)
        own = generator.normal(0, PATIENT, PATIENTS)
        d += generator.normal(0, SEED, (seeds, 1)) + own
        d += generator.normal(0, SHARED, (seeds, PATIENTS))
        left_out = generator.permuted(np.tile(np.arange(PATIENTS), (seeds, 1)), axis=1) >= SCORED * PATIENTS
        d[left_out] = np.nan
        over_both = two_way(d).p
        of_cohort = np.nanmean(d, axis=1) - own.mean()  # makes the effect on these patients the declared one
        found += [stats.ttest_1samp(of_cohort, 0).pvalue <= level, (over_both or 1) <= level]
    over_seeds, two = found / studies
    return float(over_seeds), float(two)


def predicted(effect: float, seeds: int, tests: int) -> tuple[float, float]:
    """The power that `gridctl plan` computes from the true variances."""
    scored = SCORED * PATIENTS
    deviation = (SEED**2 + (PATIENT**2 * (1 - SCORED) + RESIDUAL**2) / scored) ** 0.5  # of each seed's mean
    design = CrossedDesign(Components(SEED**2, PATIENT**2, RESIDUAL**2), SCORED)
    return paired_t_power(effect, deviation, seeds, 0.05 / tests), design.power(effect, seeds, PATIENTS, 0.05 / tests)


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "tests"), [(5, 1), (5, 2), (10, 1), (10, 2), (20, 4)])
def test_power_over_the_whole_grid_is_that_of_simulated_studies(seeds: int, tests: int) -> None:
    found, expected = simulated(0.02, seeds, tests, 4000), predicted(0.02, seeds, tests)
    assert expected == pytest.approx(found, abs=0.03)


def test_a_small_simulation_of_it() -> None:
    assert predicted(0.02, 10, 2) == pytest.approx(simulated(0.02, 10, 2, 300), abs=0.12)
