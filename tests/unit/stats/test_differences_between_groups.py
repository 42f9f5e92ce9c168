"""Whether a difference is the same in all groups: the tests it equals, what it cancels, and how often it errs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from gridctl.analysis.statistics.moderators.groups import between_patients, over_seeds, within_patients
from gridctl.analysis.statistics.population.two_way import two_way

ACDC = (20, 20, 20, 20, 20)


def study(
    generator: np.random.Generator,
    sizes: tuple[int, ...],
    seeds: int,
    scored: float,
    *,
    of_seed: float = 0.03,
    of_group: float = 0.0,
    effect: float = 0.0,
) -> tuple[NDArray[np.float64], list[int]]:
    """Differences of seeds x patients, of whom each seed scores a random share; the first group leads by `effect`."""
    of = np.repeat(np.arange(len(sizes)), sizes)
    d = generator.normal(0, of_seed, (seeds, 1)) + generator.normal(0, 0.05, len(of))
    d = d + generator.normal(0, 0.05, (seeds, len(of))) + generator.normal(0, of_group, (seeds, len(sizes)))[:, of]
    d += effect * (of == 0)
    for row in d:
        row[generator.permutation(len(of))[round(len(of) * scored) :]] = np.nan
    return d, of.tolist()


def rate(sizes: tuple[int, ...], seeds: int, scored: float, studies: int, **chosen: float) -> float:
    generator = np.random.default_rng(3)
    p = [between_patients(*study(generator, sizes, seeds, scored, **chosen)).p for _ in range(studies)]
    return float(np.mean([value is not None and value <= 0.05 for value in p]))


def test_where_seeds_treat_groups_alike_it_is_welch_over_patients() -> None:
    """Residuals of which no seed has more in one group than chance: the variance of seeds by groups is 0."""
    generator = np.random.default_rng(0)
    for number in (2, 3):
        d, of = study(generator, (8,) * number, 6, 1.0)
        noise = d - d.mean(axis=0)
        for group in range(number):
            mine = np.array(of) == group
            noise[:, mine] -= noise[:, mine].mean(axis=1, keepdims=True)
        d = d.mean(axis=0) + noise
        found = between_patients(d, of)
        means = [d[:, np.array(of) == group].mean(axis=0) for group in range(number)]
        expected = stats.f_oneway(*means, equal_var=False)
        assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-6)


def test_what_a_seed_does_to_all_groups_changes_nothing() -> None:
    d, of = study(np.random.default_rng(1), (12, 9, 15), 5, 1.0)
    moved = d + np.array([[0.3], [-0.2], [0.9], [0.0], [-0.5]])
    assert between_patients(moved, of).p == pytest.approx(between_patients(d, of).p)


def test_what_a_seed_does_to_one_group_alone_is_no_evidence() -> None:
    generator = np.random.default_rng(2)
    d, of = study(generator, (30, 30), 5, 1.0, of_seed=0.0)
    apart = d + np.array([[0.2], [-0.1], [0.15], [0.1], [-0.05]]) * (np.array(of) == 0)
    welch = stats.ttest_ind(apart[:, :30].mean(axis=0), apart[:, 30:].mean(axis=0), equal_var=False).pvalue
    assert welch < 0.001
    assert (between_patients(apart, of).p or 0) > 0.05


def test_the_same_patients_are_compared_within_themselves() -> None:
    generator = np.random.default_rng(4)
    first, second, third = (study(generator, (20,), 5, 1.0)[0] for _ in range(3))
    assert within_patients([first, second]).p == two_way(first - second).p
    contrasts = [first - (second + third) / 2, second - (first + third) / 2, third - (first + second) / 2]
    smallest = min(two_way(contrast).p or 1 for contrast in contrasts)
    assert within_patients([first, second, third]).p == pytest.approx(min(1, 3 * smallest))


def test_of_these_patients_seeds_are_the_sample() -> None:
    generator = np.random.default_rng(5)
    means = generator.normal(0, 0.02, (2, 7))
    assert over_seeds(means).p == pytest.approx(stats.ttest_rel(means[0], means[1]).pvalue)
    means[0, 3] = np.nan
    kept = np.delete(means, 3, axis=1)
    assert over_seeds(means).p == pytest.approx(stats.ttest_rel(kept[0], kept[1]).pvalue)


@pytest.mark.parametrize(
    ("d", "of"),
    [
        (np.zeros((5, 8)), [0] * 4 + [1] * 4),  # nothing varies
        (np.arange(40.0).reshape(5, 8), [0] * 8),  # one group
        (np.arange(40.0).reshape(5, 8), [0] * 7 + [1]),  # one patient of a group
        (np.arange(8.0).reshape(1, 8), [0] * 4 + [1] * 4),  # one seed
        (np.full((5, 8), np.nan), [0] * 4 + [1] * 4),
    ],
)
def test_without_enough_there_is_no_test(d: NDArray[np.float64], of: list[int]) -> None:
    assert between_patients(d, of).p is None


@pytest.mark.parametrize("scored", [1.0, 0.5])
def test_it_finds_a_group_that_is_another(scored: float) -> None:
    assert rate(ACDC, 10, scored, 60, effect=0.06, of_group=0.01) > 0.8


@pytest.mark.parametrize(("scored", "of_group"), [(1.0, 0.03), (0.5, 0.0)])
def test_false_positives_of_a_few_studies(scored: float, of_group: float) -> None:
    studies = 300
    assert rate(ACDC, 5, scored, studies, of_group=of_group) <= 0.055 + 3.3 * (0.05 * 0.95 / studies) ** 0.5


CELLS = [
    (sizes, seeds, scored, of_group)
    for sizes in ((50, 50), ACDC, (5, 40, 55), (9, 9, 9, 9, 9))
    for seeds in (5, 10, 20)
    for scored in (1.0, 0.5, 0.2)
    for of_group in (0.0, 0.01, 0.03)
]


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "seeds", "scored", "of_group"), CELLS)
def test_false_positives(sizes: tuple[int, ...], seeds: int, scored: float, of_group: float) -> None:
    """A cell fails only if the lower end of the 99.9% interval of its rate exceeds 5.5%."""
    studies = 10_000
    found = round(studies * rate(sizes, seeds, scored, studies, of_group=of_group))
    low = stats.binomtest(found, studies).proportion_ci(0.999, method="wilson").low
    assert low <= 0.055, f"{found / studies:.2%}"
