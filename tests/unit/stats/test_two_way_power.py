"""The power for patients like these agrees with simulations, and more seeds alone may never be enough."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.population_error_rates import Design, rates
from gridctl.analysis.statistics.population.crossed_components import Components
from gridctl.analysis.statistics.population.two_way_power import CrossedDesign
from gridctl.analysis.statistics.power import deviation_interval, paired_t_power, t_power

PARTS = Components(0.01**2, 0.05**2, 0.05**2)


@pytest.mark.parametrize(("ratio", "seeds"), [(0.8, 5), (0.8, 20), (0.5, 10), (0.1, 5)])
def test_power_is_that_of_simulated_studies(ratio: float, seeds: int) -> None:
    simulated = rates(Design(ratio, seeds, 0.01, training_sd=0.0, effect=0.02), 400)["two-way"]
    assert CrossedDesign(PARTS, 1 - ratio).power(0.02, seeds, 100) == pytest.approx(simulated, abs=0.1)


def test_seeds_alone_are_not_enough_where_patients_differ() -> None:
    """The standard error of the mean of 20 patients with sd 0.05 is at least 0.011, however many seeds there are."""
    design = CrossedDesign(PARTS, 0.5)
    assert design.seeds_needed(0.02, 20, 0.8) is None
    seeds = design.seeds_needed(0.02, 100, 0.8)
    assert seeds is not None
    assert design.power(0.02, seeds, 100) >= 0.8 > design.power(0.02, seeds - 1, 100)
    patients = design.patients_needed(0.02, 10, 0.8)
    assert patients is not None
    assert design.power(0.02, 10, patients) >= 0.8 > design.power(0.02, 10, patients - 1)


def test_patients_alone_are_not_enough_where_seeds_differ() -> None:
    design = CrossedDesign(Components(0.06**2, 0.05**2, 0.05**2), 0.5)
    assert design.patients_needed(0.02, 5, 0.8) is None
    assert design.patients_needed(0.02, 1, 0.8) is None


def test_without_any_spread_a_difference_is_always_found() -> None:
    assert CrossedDesign(Components(0, 0, 0), 1).power(0.01, 3, 5) == 1


def test_power_at_any_noncentrality_is_a_probability() -> None:
    for noncentrality in np.geomspace(0.01, 500, 40):
        for df in (1, 2.5, 4, 30, 200):
            assert 0.05 / 16 * 0.99 <= t_power(float(noncentrality), df, 0.05 / 16) <= 1
    assert paired_t_power(3, 1, 6, 0.05 / 16) == pytest.approx(0.87935, abs=1e-5)


def test_where_a_measured_deviation_may_lie() -> None:
    low, high = deviation_interval(1, 5)
    assert (low, high) == pytest.approx((0.5991, 2.8736), abs=1e-3)
