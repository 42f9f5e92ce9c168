"""Power and required pairs are right where scipy's noncentral t cannot compute the lower tail."""

from __future__ import annotations

import pytest

from gridctl.analysis.statistics.power import paired_t_power, pairs_needed


@pytest.mark.parametrize(
    ("effect", "deviation", "n", "level", "power"),
    [(3, 1, 6, 0.05 / 16, 0.87935), (5, 1, 3, 0.05 / 16, 0.21111)],
)
def test_a_lower_tail_too_small_to_compute_is_zero(
    effect: float, deviation: float, n: int, level: float, power: float
) -> None:
    assert paired_t_power(effect, deviation, n, level) == pytest.approx(power, abs=1e-5)


@pytest.mark.parametrize(("effect", "level", "n"), [(3, 0.05 / 16, 7), (2, 0.05 / 80, 12)])
def test_pairs_needed_for_large_effects(effect: float, level: float, n: int) -> None:
    assert pairs_needed(effect, 1, 0.9, level) == n
