"""Whether a difference is the same in all groups: the tests it equals, what it cancels, and how often it errs."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from benchmarks.group_error_rates import SEEDS, SIZES, Groups, cells, interval, rate, studies_of
from gridctl.analysis.statistics.moderators.groups import between_patients, over_seeds, within_patients
from gridctl.analysis.statistics.moderators.welch_of_groups import welch_of_groups
from gridctl.analysis.statistics.population.two_way import two_way
from tests.unit.stats.dense_welch import dense_welch

DOCS = Path(__file__).parents[3] / "docs" / "statistics.md"
ALLOWED = 0.055
DOCUMENTED = 10_000
"""Studies of each documented rate."""
ACDC = (20, 20, 20, 20, 20)


def study(
    generator: np.random.Generator, sizes: tuple[int, ...], seeds: int, seed_sd: float = 0.03
) -> tuple[NDArray[np.float64], list[int]]:
    """Differences of seeds x patients, all scored, and the group of each patient."""
    cell = Groups(sizes, seeds, 1.0, 0.0, seed_sd)
    return studies_of(cell, 1, generator)[0], cell.group_of.tolist()


@pytest.mark.parametrize(
    "cell",
    [
        Groups((8, 8), 5, 1.0, 0.03),
        Groups((4, 7, 12), 4, 0.7, 0.0),
        Groups((5, 20, 25), 6, 0.5, 0.05),
        Groups((9, 9, 9, 9, 9), 5, 0.6, 0.02),
    ],
    ids=str,
)
def test_it_is_the_test_that_whole_matrices_give(cell: Groups) -> None:
    for d in studies_of(cell, 10, np.random.default_rng(8)):
        found = between_patients(d, cell.group_of.tolist())
        expected = dense_welch(d, cell.group_of.tolist())
        assert (found.statistic, found.df_error) == pytest.approx(expected, rel=1e-9)
        assert found.p == stats.f.sf(found.statistic, len(cell.sizes) - 1, found.df_error)


@pytest.mark.parametrize(
    "cell", [Groups(ACDC, 5, 0.2, 0.0), Groups((5, 40, 55), 10, 0.5, 0.03), Groups((3, 4), 3, 1, 0)]
)
def test_many_studies_at_once_are_each_tested_as_if_alone(cell: Groups) -> None:
    """Those too that have no test: 3 patients of a group, one of whom no seed scores, and one without spread."""
    studies = studies_of(cell, 40, np.random.default_rng(6))
    studies[3, :, :2] = np.nan
    studies[5] = np.where(np.isfinite(studies[5]), 0.1, np.nan)
    together = welch_of_groups(studies, cell.group_of)
    for at, one in enumerate(studies):
        alone = welch_of_groups(one[None], cell.group_of)
        for name in ("statistic", "df_error", "p"):
            expected = getattr(alone, name)[0]
            assert getattr(together, name)[at] == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert np.isnan(together.p[5])


def test_where_seeds_treat_groups_alike_it_is_welch_over_patients() -> None:
    """Residuals of which no seed has more in one group than chance: the variance of seeds by groups is 0."""
    generator = np.random.default_rng(0)
    for number in (2, 3):
        d, of = study(generator, (8,) * number, 6)
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
    cell = Groups((12, 9, 15), 5, 0.7, 0.03)
    d, of = studies_of(cell, 1, np.random.default_rng(1))[0], cell.group_of.tolist()
    moved = d + np.array([[0.3], [-0.2], [0.9], [0.0], [-0.5]])
    assert between_patients(moved, of).p == pytest.approx(between_patients(d, of).p)


def test_what_a_seed_does_to_one_group_alone_is_no_evidence() -> None:
    generator = np.random.default_rng(2)
    d, of = study(generator, (30, 30), 5, seed_sd=0.0)
    apart = d + np.array([[0.2], [-0.1], [0.15], [0.1], [-0.05]]) * (np.array(of) == 0)
    welch = stats.ttest_ind(apart[:, :30].mean(axis=0), apart[:, 30:].mean(axis=0), equal_var=False).pvalue
    assert welch < 0.002
    assert (between_patients(apart, of).p or 0) > 0.05


def test_the_same_patients_are_compared_within_themselves() -> None:
    generator = np.random.default_rng(4)
    first, second, third = (study(generator, (20,), 5)[0] for _ in range(3))
    assert within_patients([first, second]).p == pytest.approx(two_way(first - second).p)
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


def test_groups_that_no_seed_connects_are_not_compared() -> None:
    d = np.random.default_rng(7).normal(0, 1, (6, 8))
    d[:3, :4] = d[3:, 4:] = np.nan
    assert between_patients(d, [0] * 4 + [1] * 4).p is None


@pytest.mark.parametrize("scored", [1.0, 0.5])
def test_it_finds_a_group_that_is_another(scored: float) -> None:
    assert rate(Groups(ACDC, 10, scored, 0.01, effect=0.06), 500) > 0.8


def documented() -> dict[tuple[tuple[int, ...], int], list[float]]:
    rows = re.findall(r"^\| (\d+(?:, \d+)+) \| (\d+) \| (.*%) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        (tuple(map(int, sizes.split(", "))), int(seeds)): [
            float(share.rstrip("%")) / 100 for share in shares.split(" | ")
        ]
        for sizes, seeds, shares in rows
    }


def test_every_documented_rate_keeps_the_level() -> None:
    """A cell fails only if the lower end of the 99.9% interval of its rate exceeds 5.5%."""
    rows = documented()
    assert list(rows) == list(itertools.product(SIZES, SEEDS))
    for shares in rows.values():
        assert len(shares) == 9
        assert all(interval(share, DOCUMENTED)[0] <= ALLOWED for share in shares)


def test_false_positives_of_a_few_studies_in_each_cell() -> None:
    """All cells together are as documented, and none is far from it."""
    studies = 100
    found = [rate(cell, studies, seed=1) for cell in cells()]
    said = [share for shares in documented().values() for share in shares]
    assert np.mean(found) == pytest.approx(np.mean(said), abs=4 * error(0.05, studies * len(found)))
    for share, promised in zip(found, said, strict=True):
        assert interval(share, studies, 0.9999)[0] <= promised


@pytest.mark.slow
@pytest.mark.parametrize("cell", list(cells()), ids=str)
def test_false_positives(cell: Groups) -> None:
    found = rate(cell, 10_000)
    assert interval(found, 10_000)[0] <= ALLOWED, f"{found:.2%}"
    place = [(c.scored, c.group_sd) for c in cells() if (c.sizes, c.seeds) == (cell.sizes, cell.seeds)]
    said = documented()[cell.sizes, cell.seeds][place.index((cell.scored, cell.group_sd))]
    assert found == pytest.approx(said, abs=4 * error(0.06, DOCUMENTED))


@pytest.mark.parametrize("seed_sd", [0.0, 0.2])
def test_what_a_seed_does_to_all_does_not_change_the_rate(seed_sd: float) -> None:
    unequal = Groups((5, 40, 55), 5, 0.5, 0.03)
    assert rate(replace(unequal, seed_sd=seed_sd), 500) == rate(unequal, 500)


def error(share: float, studies: int) -> float:
    """Standard error of a rate."""
    return float((share * (1 - share) / studies) ** 0.5)
