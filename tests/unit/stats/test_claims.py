"""Re-splits, trends, looks and anytime evidence give worked values, and refuse what they cannot do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from gridctl.analysis.statistics.moderators.interaction import interaction
from gridctl.analysis.statistics.moderators.trend import page_l, patient_trend_differences, slopes, trend
from gridctl.analysis.statistics.population.nadeau_bengio import corrected_t, why_not_corrected
from gridctl.analysis.statistics.population.two_way import two_way
from gridctl.analysis.statistics.power import pairs_needed
from gridctl.analysis.statistics.sequential.anytime import anytime, log_e_values
from gridctl.analysis.statistics.sequential.looks import adjusted_p, latest_look, nominal_p

Numbers = NDArray[np.float64]

FIVE = [0.012, 0.018, 0.009, 0.021, 0.015]
EIGHT = [*FIVE, 0.011, 0.004, 0.016]
RATIOS = [0.1, 0.2, 0.4, 0.8]
GAPS = np.array(
    [
        [0.031, 0.024, 0.012, 0.004],
        [0.027, 0.015, 0.016, -0.002],
        [0.040, 0.022, 0.013, 0.006],
        [0.024, 0.019, 0.006, 0.001],
        [0.035, 0.028, 0.018, 0.003],
    ]
)


@pytest.mark.parametrize(("n_test", "n_train", "p"), [(20, 80, 0.0092121), (50, 50, 0.0447086)])
def test_corrected_t(n_test: int, n_train: int, p: float) -> None:
    found = corrected_t(FIVE, n_test, n_train)
    assert found is not None
    assert found.p == pytest.approx(p, rel=1e-5)
    if n_test == 20:
        assert found.t == pytest.approx(4.714045, rel=1e-6)
        assert (found.low, found.high) == pytest.approx((0.006165, 0.023835), abs=1e-6)


def test_corrected_t_refuses_what_it_is_not_for() -> None:
    with pytest.raises(ValueError, match=r"train ratio below 0\.5"):
        corrected_t(FIVE, 90, 10)
    with pytest.raises(ValueError, match="0 patients scored"):
        corrected_t(FIVE, 0, 10)
    with pytest.raises(ValueError, match="not finite"):
        corrected_t([0.1, math.nan], 10, 10)
    assert why_not_corrected(0.8, random_splits=True, validation=True) == ""
    assert "same patients" in why_not_corrected(0.8, random_splits=True, validation=False)
    assert "random splits" in why_not_corrected(0.8, random_splits=False, validation=True)
    assert "below 0.5" in why_not_corrected(0.3, random_splits=True, validation=True)


def test_corrected_t_below_the_smallest_ratio_has_the_published_value() -> None:
    """The formula at ratio 0.1, which the function refuses because nothing could be found anyway."""
    t = np.mean(FIVE) / (np.std(FIVE, ddof=1) * math.sqrt(1 / 5 + 9))
    assert 2 * stats.t.sf(t, 4) == pytest.approx(0.3560105, rel=1e-5)


@pytest.mark.parametrize("values", [[0.1], [0.1, 0.1, 0.1]])
def test_corrected_t_without_spread(values: list[float]) -> None:
    found = corrected_t(values, 20, 80)
    assert found is not None
    assert found.p is found.se is None


def test_trend() -> None:
    found = trend(RATIOS, GAPS)
    assert found.slope == pytest.approx(-0.00956)
    assert found.t == pytest.approx(-17.0443, rel=1e-5)
    assert (found.n, found.degrees_of_freedom) == (5, 4)
    assert found.p == pytest.approx(6.94922e-5, rel=1e-5)
    assert (found.low, found.high) == pytest.approx((-0.0111173, -0.0080027), abs=1e-7)


def test_a_seed_that_lacks_a_ratio_is_left_out_of_the_trend() -> None:
    lacking = GAPS.copy()
    lacking[0, 2] = np.nan
    assert trend(RATIOS, lacking) == trend(RATIOS, GAPS[1:])
    assert trend(RATIOS, lacking[:1]).slope is None
    one = trend(RATIOS, GAPS[:1])
    assert one.p is None
    assert one.slope is not None


def test_a_trend_without_spread_has_no_p() -> None:
    found = trend(RATIOS, GAPS[[0, 0, 0]])
    assert found.p is None
    assert found.low == found.high == found.slope


def test_a_trend_takes_two_ratios() -> None:
    for ratios in ([0.5], [0.5, 0.5], [0, 0.5]):
        with pytest.raises(ValueError, match="two different ratios"):
            slopes(ratios, np.zeros((2, len(ratios))))


def test_page_l() -> None:
    found = page_l(RATIOS, GAPS)
    assert found is not None
    assert (found.l, found.exact, found.n) == (149, True, 5)
    assert found.p == pytest.approx(2.00939e-6, rel=1e-5)
    other = page_l(RATIOS, GAPS, grows_as_data_shrink=False)
    assert other is not None
    assert other.p > 0.99
    assert page_l(RATIOS[:2], GAPS[:, :2]) is None


def test_patients_slopes_are_tested_over_both() -> None:
    """A patient who is scored at each ratio has a slope; others have none."""
    table = np.repeat(GAPS.T[:, :, None], 6, axis=2) + np.linspace(0, 0.1, 6)
    table[1, 0, 3] = np.nan
    gaps = patient_trend_differences(RATIOS, table)
    assert gaps.shape == (5, 6)
    assert np.isnan(gaps[0, 3])
    assert np.isfinite(gaps).sum() == 29
    assert gaps[1] == pytest.approx(slopes(RATIOS, GAPS[1:2])[0])
    assert two_way(gaps).mean == pytest.approx(-0.00956, rel=0.02)


def test_interaction_is_a_paired_t_of_both_differences() -> None:
    generator = np.random.default_rng(0)
    changed, usual = generator.normal(0.02, 0.01, 6), generator.normal(0, 0.01, 6)
    found, theirs = interaction(changed, usual), stats.ttest_rel(changed, usual)
    assert (found.t, found.p) == pytest.approx((theirs.statistic, theirs.pvalue))
    changed[0] = np.nan
    assert interaction(changed, usual).n == 5
    with pytest.raises(ValueError, match="shapes"):
        interaction(changed, usual[1:])


@pytest.mark.parametrize(("t", "n", "g", "e"), [(4, 5, 1, 6.363961), (3, 10, 1, 6.244689)])
def test_e_values(t: float, n: int, g: float, e: float) -> None:
    assert math.exp(float(log_e_values(t, n, g))) == pytest.approx(e, rel=1e-6)


def test_evidence_at_any_time() -> None:
    three, five, eight = (anytime(EIGHT[:n], g=4) for n in (3, 5, 8))
    assert (three.e, five.e, eight.e) == pytest.approx((4.893948, 45.46330, 317.4818), rel=1e-6)
    assert three.low is three.high is None
    assert (five.low, five.high) == pytest.approx((0.0036353, 0.0263647), abs=1e-7)
    assert (eight.low, eight.high) == pytest.approx((0.0052366, 0.0212634), abs=1e-7)
    assert anytime(FIVE, g=1).e == pytest.approx(16.37599, rel=1e-6)
    assert eight.p == pytest.approx(1 / 317.4818, rel=1e-6)
    assert eight.within(0.03)
    assert not eight.within(0.02)
    assert not three.within(1)


def test_no_evidence_from_one_pair_or_without_spread() -> None:
    for values in ([], [0.1], [0.1, 0.1, 0.1]):
        found = anytime(values)
        assert (found.e, found.p, found.low) == (1, 1, None)
    with pytest.raises(ValueError, match="not finite"):
        anytime([math.nan])


@pytest.mark.parametrize(("g", "share"), [(1, 0.018), (4, 0.023)])
def test_looking_after_every_pair_keeps_the_level(g: float, share: float) -> None:
    """With looks at 3, 4, ... 20 pairs, a t-test would declare a difference in a quarter of these studies."""
    decided = pairs_until_declared(20_000, g)
    assert np.isfinite(decided).mean() == pytest.approx(share, abs=0.004)


def test_the_level_holds_however_long_it_is_looked_at() -> None:
    assert np.isfinite(pairs_until_declared(20_000, 4, last=100)).mean() == pytest.approx(0.029, abs=0.004)


def test_a_clear_effect_is_declared_early() -> None:
    """The median is at most 60% of the 13 pairs that a fixed design needs for an effect of one deviation."""
    decided = pairs_until_declared(20_000, 4, effect=2, last=60)
    assert pairs_needed(1, 1, 0.9) == 13
    assert (np.median(decided), np.quantile(decided, 0.9)) == (6, 9)
    assert np.median(decided) <= 0.6 * 13


@pytest.mark.parametrize(("n", "effect", "power"), [(5, 1, 0.08), (10, 1, 0.31), (5, 2, 0.41), (10, 2, 0.96)])
def test_power_of_evidence_at_any_time(n: int, effect: float, power: float) -> None:
    """Share of studies decided by n pairs with looks from 3 on, as simulated before."""
    decided = pairs_until_declared(20_000, 4, effect=effect, last=n, first=n)
    assert np.isfinite(decided).mean() == pytest.approx(power, abs=0.015)


def pairs_until_declared(studies: int, g: float, effect: float = 0.0, last: int = 20, first: int = 3) -> Numbers:
    """Number of pairs at which each study with unit deviation declares a difference; infinite if it never does."""
    d = np.random.default_rng(5).normal(effect, 1, (studies, last))
    found = np.full(studies, np.inf)
    for n in range(first, last + 1):
        t = d[:, :n].mean(axis=1) / (d[:, :n].std(axis=1, ddof=1) / math.sqrt(n))
        found = np.where(np.isinf(found) & (log_e_values(t, n, g) >= math.log(20)), n, found)
    return found


@pytest.mark.parametrize(("looks", "p"), [((5, 10), 0.0283), ((5, 10, 15), 0.0208), ((5, 10, 15, 20), 0.0170)])
def test_nominal_p_of_declared_looks(looks: tuple[int, ...], p: float) -> None:
    assert nominal_p(looks) == pytest.approx(p, abs=3e-4)


def test_adjusted_p_of_declared_looks() -> None:
    looks = (5, 10, 15)
    assert adjusted_p(nominal_p(looks), looks) == pytest.approx(0.05, abs=1e-4)
    assert adjusted_p(1e-9, looks) == pytest.approx(3e-9)
    assert adjusted_p(0.9, looks) <= 1
    assert adjusted_p(0.03, (5,)) == 0.03
    for p in np.linspace(0.001, 0.6, 50):
        assert p <= adjusted_p(float(p), looks) <= 3 * p
    with pytest.raises(ValueError, match="do not rise"):
        nominal_p((5, 5))


@pytest.mark.parametrize(("pairs", "look"), [(4, None), (5, 5), (9, 5), (12, 10)])
def test_the_latest_look(pairs: int, look: int | None) -> None:
    assert latest_look((5, 10), pairs) == look
