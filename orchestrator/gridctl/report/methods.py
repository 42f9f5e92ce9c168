"""How the tests of a report were made, for a reader who has nothing but the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gridctl.analysis.inference.claims import TWO_WAY
from gridctl.analysis.inference.resplits import CORRECTED
from gridctl.analysis.inference.stopping import ANYTIME
from gridctl.analysis.model import ComparisonRow, Overall, Report
from gridctl.terminal.console import count

_TWO_WAY: Final = (
    "Patients like these are new patients, under new seeds. A two-sided t-test of the mean difference over "
    "crossed seeds and patients. Both models of a pair are trained with the same seed on the same patients. A "
    "patient has one difference per seed: end-diastole and end-systole, and structures that are pooled, are "
    "averaged first with equal weights, and a patient that lacks one of them is left out for both models. The "
    "variance of the mean comes from the variances of seeds, of patients and of the residual (method of moments), "
    "the degrees of freedom from Satterthwaite's rule, never below min(seeds, patients) - 1"
)
_PATIENTS: Final = (
    "The number of patients counts each patient once that has a score under any seed. A seed scores only patients "
    "that it did not train on, so with random splits each patient is scored by some of the seeds"
)
_ASSUMPTIONS: Final = (
    "Assumptions for patients like these: the patients are a random sample of those that are meant; the seeds are "
    "one of all splits and starts; effects of seeds and of patients add up; the mean difference is roughly "
    "normal. In simulated studies without a difference (100 patients, 5 to 20 seeds, 10,000 studies per design) "
    "this test declared one in 4.6% to 6.2%, at a level of 5%"
)
_CORRECTED: Final = (
    "Patients like these, without scores of single patients: the corrected resampled t-test of Nadeau and Bengio "
    "(2003), two-sided, over the random splits of the seeds, which widens the variance by what overlapping "
    "training sets share"
)
_PAIRED: Final = (
    "These patients: a two-sided paired t-test of the seeds' mean differences, with n - 1 degrees of freedom. It "
    "says nothing about other patients"
)
_WELCH: Final = "Where no two runs share a seed: Welch's two-sided t-test of unpaired runs"
_ANYTIME: Final = (
    "After every seed: e-values for these patients, with normal differences. 1/E is p, and the intervals hold for "
    "all numbers of seeds together, whenever one stops"
)
_LOOKS: Final = (
    "At declared looks, p is corrected for their number: by Pocock's boundary for these patients, by Bonferroni "
    "for patients like these"
)
_INTERVALS: Final = (
    "Intervals are of 95%, come from the test of the claim, and are not corrected for the number of tests; p Holm "
    "is. An interval for patients like these is sometimes no wider than that for these patients, because its test "
    "has more degrees of freedom"
)
_BESIDE: Final = (
    "Wilcoxon, permutation, BCa, effect sizes and P(better) take a seed's pair of runs as one observation: they "
    "describe these patients, and no verdict rests on them. Hedges' g divides by the standard deviation between "
    "runs, not between patients"
)


def methods(report: Report) -> Iterator[str]:
    """One paragraph for each kind of test that the report has, and for what its numbers assume.

    Args:
        report: Of runs; nothing is tested where epochs are pooled.
    """
    rows = [row for part in report.comparisons for row in part.rows if row.difference is not None]
    if not rows or report.unit == "epoch":
        return
    grid = [row for part in report.comparisons for row in part.overall if row.difference is not None]
    tests = {row.test for row in rows}
    if TWO_WAY in tests:
        yield f"{_TWO_WAY}: here {_degrees_of_freedom([*rows, *grid])}"
        yield _PATIENTS
        yield _ASSUMPTIONS
    if CORRECTED in tests:
        yield _CORRECTED
    if ANYTIME in tests:
        yield _ANYTIME
    elif any(row.look for row in rows):
        yield _LOOKS
    if "paired t" in tests or any(row.cohort_p is not None for row in rows):
        yield _PAIRED
    if "welch" in tests:
        yield _WELCH
    if grid:
        yield _of_grid(grid)
    yield _INTERVALS
    yield _BESIDE


def _degrees_of_freedom(rows: Sequence[ComparisonRow | Overall]) -> str:
    found = [row.population_df for row in rows if row.claim == "population" and row.population_df]
    low, high = (f"{value:.1f}".removesuffix(".0") for value in (min(found, default=0.0), max(found, default=0.0)))
    return low if low == high else f"{low} to {high}"


def _of_grid(grid: Sequence[Overall]) -> str:
    size = max(row.family_size for row in grid)
    corrected = (
        f"It is corrected by Holm's method over {count(size, 'such test')}"
        if size > 1
        else "It is the only one of its family, so that it needs no correction"
    )
    return (
        "Over the whole grid: the same test of the mean over all cells, which count alike, of the seeds and patients "
        f"that are scored in every cell. {corrected}; the tests of single cells are corrected among themselves"
    )
