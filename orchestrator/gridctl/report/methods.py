"""How the tests of a report were made, for a reader who has nothing but the report."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gridctl.analysis.inference.resplits import CORRECTED
from gridctl.analysis.inference.stopping import ANYTIME
from gridctl.analysis.model import Comparison, ComparisonRow, Family, Overall, Report, TrainedModel
from gridctl.analysis.wording import LEVEL, cell_name, listed
from gridctl.terminal.console import count
from gridctl_trainer.contract.score_name import VALIDATION, ScoreName

OVER_GRID: Final = "overall"
"""What declares a family of tests over the whole grid."""

TREND: Final = "trend"
"""What declares a family of trends."""

SIMULATED_COHORT: Final = 100
"""Patients of the cohort in the simulated studies of error rates: docs/statistics.md."""

SIMULATED_EXTERNAL: Final = 45
"""Patients of the external set in them."""

MOST_LISTED: Final = 8
"""Of more tests than this, only the range of their degrees of freedom is given."""

_RATIO: Final = "A train ratio is the share of the cohort's patients that is trained on; the others validate"
_CELL: Final = (
    "A cell is one train ratio, with one ablation if there are several. Each cell has its own test, and so has the "
    "mean over all cells"
)
_TWO_WAY: Final = (
    "Patients like these are new patients, under new seeds. A two-sided t-test of the mean difference over "
    "crossed seeds and patients. Both models of a pair are trained with the same seed on the same patients. A "
    "patient has one difference per seed: time points, such as end-diastole and end-systole, and structures that are "
    "pooled, are averaged first with equal weights, and a patient that lacks one of them is left out for both models. "
    "The variance of the mean comes from the variances of seeds, of patients and of the residual (method of moments), "
    "the degrees of freedom from Satterthwaite's rule, never below min(seeds, patients) - 1. Degrees of freedom here: "
)
_PATIENTS: Final = (
    "The number of patients counts each patient once that has a score under any seed. Of the cohort that is trained "
    "on, a seed scores only patients that it did not train on, so with random splits each patient is scored by some "
    "of the seeds. Of an external set, every seed scores all patients. Here: "
)
_ASSUMPTIONS: Final = (
    "Assumptions for patients like these: the patients are a random sample of those that are meant; the seeds are "
    "a random sample of all splits and starts; effects of seeds and of patients add up; the mean difference is roughly "
    "normal. In simulated studies without a difference (a cohort of 100 patients or an external set of 45, 5 to 20 "
    "seeds, 10,000 studies per design) this test wrongly declared a difference in 4.6% to 6.2% of studies, at a level "
    "of 5%"
)
_FEWER: Final = "Fewer patients, as here, were not simulated"
_LEVEL: Final = "Each family is tested at its own level; the report as a whole is not controlled"
_CORRECTED: Final = (
    "Patients like these, without scores of single patients: the corrected resampled t-test of Nadeau and Bengio "
    "(2003), two-sided, over the random splits of the seeds. The variance of the mean is that of the differences times "
    "(1/n + patients scored / patients trained on), n being the number of splits, since training sets overlap. The "
    "test assumes that the differences are roughly normal. Degrees of freedom: number of splits - 1, here "
)
_PAIRED: Final = (
    "a two-sided paired t-test of the mean of the paired differences, a pair being two runs of one seed. It says "
    "nothing about other patients. Assumptions: a seed is a random draw of split, start and order of training, and the "
    "differences are roughly normal. Degrees of freedom: number of pairs - 1, here "
)
_WELCH: Final = "Where no two runs share a seed: Welch's two-sided t-test of unpaired runs"
_ANYTIME: Final = (
    "After every seed: e-values for these patients. E is the Bayes factor of 'the standardised mean difference (mean / "
    "sd of the differences) is normal with mean 0 and variance 4' against 'it is 0'. It assumes independent, normal "
    "differences of pairs. p is 1/E, at most 1, and the 95% intervals hold for all numbers of seeds together, whenever "
    "one stops. Here E is "
)
_LOOKS: Final = (
    "At declared looks, p is corrected for their number: by Pocock's boundary for these patients, by Bonferroni "
    "for patients like these. Intervals are widened in the same way: they hold at 95% over all declared looks together"
)
_INTERVALS: Final = (
    "Intervals are of 95%, come from the test of the claim, and are not corrected for the number of tests; p Holm is"
)
_WIDTHS: Final = (
    "An interval for patients like these is sometimes no wider than that for these patients, because its test has more "
    "degrees of freedom, or because the variance between patients is estimated as 0"
)
_BESIDE: Final = (
    "Between trained models, Wilcoxon, permutation, BCa, effect sizes and P(better) take a pair of runs as one "
    "observation: they describe these patients, and no verdict rests on them. P(better) is the share of pairs in which "
    "the first model scores better; a tie counts half, and its 95% interval is Wilson's, over the whole grid that of "
    "as many observations as there are seeds. Hedges' g divides by the standard deviation between runs, not between "
    "patients"
)
_GRID: Final = (
    "Over the whole grid, that is over all cells: the same test of the mean over the cells, which count alike, of the "
    "seeds and patients that are scored in every cell. It is corrected apart from the tests of single cells"
)
_EQUIVALENT: Final = (
    "two one-sided t-tests (TOST) with the standard error and degrees of freedom of the claim's test, each at a level "
    "of 5%. The larger p is corrected by Holm's method over the same family. A test that needs no correction amounts "
    "to a 90% interval within the margin, one that is corrected to a wider interval; the 95% interval may reach beyond "
    "the margin. Posterior probabilities (P(within margin), ROPE) take the same standard error and degrees of freedom, "
    "and a flat prior"
)
_EQUIVALENT_ANYTIME: Final = (
    "the interval that holds after every seed, at a level of 5% divided by the number of tests of the family, lies "
    "within the margin"
)
_TREND: Final = (
    "Trend: the slope of the lead over the binary logarithm of the train ratio, with a minus sign, so that it is the "
    "change with every halving. These patients: a t-test over one slope per seed. Patients like these: the test over "
    "seeds and patients, of the slopes of the patients who are scored at every ratio"
)
_SUBGROUPS: Final = (
    "Declared subgroups: the test of the claim among the patients of each subgroup, or their slices of one position. "
    "Whether the difference depends on the subgroup is another question with a test and a family of its own, named in "
    "its table"
)
_MASKS: Final = (
    "Against masks: a two-sided paired t-test over patients. A patient has one difference: time points and pooled "
    "structures are averaged first, and so are the scores of several networks. Networks and masks are taken as they "
    "are. Assumptions: the patients are a random sample of those that are meant, and their differences are roughly "
    "normal. The other tests, BCa and wins take a patient as one observation too. Degrees of freedom: number of "
    "patients - 1, here "
)


def methods(report: Report) -> Iterator[str]:
    """One paragraph for each kind of test that the report has, and for what its numbers assume.

    Args:
        report: Of runs; nothing is tested where epochs are pooled.
    """
    rows = [row for part in report.comparisons for row in part.rows if row.difference is not None]
    of_masks = any(row.p is not None for row in report.predictions)
    if report.unit == "epoch" or not (rows or of_masks):
        return
    if rows:
        yield f"{_RATIO}{_trained_on(report.trained)}"
        yield from _of_runs(report, rows)
    if of_masks:
        yield f"{_MASKS}{_range(row.patients - 1 for row in report.predictions if row.p is not None)}"
    yield from family_lines([*report.families, *grid_families(report.comparisons), *trend_families(report.comparisons)])
    yield _LEVEL
    if rows:
        both = any(row.population_df and row.test != CORRECTED for row in rows)
        yield f"{_INTERVALS}. {_WIDTHS}" if both else _INTERVALS
        floors = [row.p_floor for row in rows if row.p_floor is not None]
        exact = f". With so few pairs, permutation and Wilcoxon cannot go below p = {max(floors, default=0.0):.3g}"
        yield _BESIDE + (exact if max(floors, default=0.0) > LEVEL else "")


def _of_runs(report: Report, rows: Sequence[ComparisonRow]) -> Iterator[str]:
    """The tests of pairs of runs."""
    parts = report.comparisons
    grid = [row for part in parts for row in part.overall if row.difference is not None and row.cells > 1]
    tests = {row.test for row in rows}
    if len({(row.train_ratio, row.ablation) for row in rows}) > 1:
        yield _CELL
    if two_way := [row for row in rows if row.population_df and row.test != CORRECTED]:
        yield f"{_TWO_WAY}{_degrees_of_freedom(two_way, grid)}"
        yield f"{_PATIENTS}{_patients_per_seed(parts)}. {_left_out(two_way)}"
        yield f"{_ASSUMPTIONS}. {_FEWER}" if _is_small(two_way, report.trained) else _ASSUMPTIONS
    if CORRECTED in tests:
        yield f"{_CORRECTED}{_range(row.n_pairs - 1 for row in rows if row.test == CORRECTED)}"
    if ANYTIME in tests:
        found_e = [row.log_e for row in rows if row.log_e is not None]
        yield _ANYTIME + " to ".join(dict.fromkeys(f"{math.exp(min(700.0, e)):.3g}" for e in _ends(found_e)))
    elif any(row.look for row in rows):
        yield _LOOKS
    if "paired t" in tests or any(row.cohort_p is not None for row in rows):
        name = "These patients, as of one look" if ANYTIME in tests else "These patients"
        yield f"{name}: {_PAIRED}{_range(row.n_pairs - 1 for row in rows if row.n_pairs > 1)}"
    if "welch" in tests:
        yield _WELCH
    if grid:
        yield _GRID
    for margin in dict.fromkeys(row.equivalence_margin for row in rows if row.equivalence_margin is not None):
        how = _EQUIVALENT_ANYTIME if ANYTIME in tests else _EQUIVALENT
        yield f"Equivalence: the difference is within ±{margin:g}, the margin that the experiment file declares: {how}"
    if trends := [row for part in parts for row in part.trends if row.p is not None]:
        yield f"{_TREND}. Degrees of freedom: here {_range(row.degrees_of_freedom for row in trends)}"
    if groups := [row for part in parts for row in part.subgroups if row.declared and row.p is not None]:
        yield f"{_SUBGROUPS}. Degrees of freedom within subgroups: {_range(row.degrees_of_freedom for row in groups)}"


def family_lines(families: Sequence[Family]) -> Iterator[str]:
    """Which tests are corrected together: one line per family, with what the answer makes of it."""
    for family in families:
        apart = ""
        if family.declared == TREND:
            apart = "; not declared, not part of the answer" if family.secondary else "; asks for the trend alone"
        elif family.secondary:
            apart = "; secondary, not part of the answer"
        elif not can_call_better(family):
            apart = "; asks whether subgroups differ, not which model is better"
        tests = count(family.m, "test")
        together = " corrected together by Holm's method" if family.m > 1 else ", which needs no correction"
        yield f"Family “{family.name}”, level {family.level:g}: {tests}{together}{apart}"


def grid_families(comparisons: Sequence[Comparison]) -> list[Family]:
    """The families of the tests over the whole grid, which come first in the answer; none for a grid of one cell."""
    found = {}
    for part in comparisons:
        beside = {row.metric for row in part.rows if row.secondary}
        for row in part.overall:
            if row.cells > 1 and row.difference is not None:
                found[row.family] = Family(
                    row.family, row.family_size, OVER_GRID, LEVEL, secondary=row.metric in beside
                )
    return list(found.values())


def trend_families(comparisons: Sequence[Comparison]) -> list[Family]:
    """The families of the trends over the train ratio: those of one score are corrected together if so declared."""
    found = {}
    for row in (row for part in comparisons for row in part.trends):
        if row.p is not None:
            several = row.family_size > 1
            name = f"trends, {row.label}" if several else f"trend of {row.model} against {row.against}, {row.label}"
            found[name] = Family(name, max(1, row.family_size), TREND, LEVEL, secondary=not row.declared)
    return list(found.values())


def can_call_better(family: Family) -> bool:
    """Whether the answer may call a model better by a test of this family."""
    return not family.secondary and family.declared != "subgroup_differences"


def _degrees_of_freedom(rows: Sequence[ComparisonRow], grid: Sequence[Overall]) -> str:
    """Those of each test for patients like these; of many tests, the least and the most."""
    tested: list[tuple[str, ComparisonRow | Overall]] = [(f"{row.label} over the whole grid", row) for row in grid]
    tested += [(f"{row.label} at ratio {cell_name(row)}", row) for row in rows]
    known = [(name, row, row.population_df) for name, row in tested if row.population_df]
    if len({name for name, *_ in known}) < len(known) or len(known) > MOST_LISTED:
        return _range(df for *_, df in known)
    return listed([f"{_one_decimal(df)} for {name}{_spread(row)}" for name, row, df in known])


def _spread(row: ComparisonRow | Overall) -> str:
    """` (standard error 0.0018; sd between seeds 0, between patients 0.0097, residual 0.0061)`."""
    parts = []
    if row.population_t and row.population_difference:
        parts.append(f"standard error {row.population_difference / row.population_t:.2g}")
    if row.population_sd_seed is not None and row.population_sd_patient is not None:
        between = f"sd between seeds {row.population_sd_seed:.2g}, between patients {row.population_sd_patient:.2g}"
        parts.append(f"{between}, residual {row.population_sd_residual or 0.0:.2g}")
    return f" ({'; '.join(parts)})" if parts else ""


def _trained_on(trained: Sequence[TrainedModel]) -> str:
    """`. Trained on, mean over runs: 16 patients at ratio 0.2 and 40 at ratio 0.5`, as far as logs say so."""
    found = {row.train_ratio: row.patients["train"] for row in trained if "train" in row.patients}
    if not found:
        return ""
    said = listed([f"{_one_decimal(patients)} at ratio {ratio:g}" for ratio, patients in found.items()])
    return f". Patients trained on, mean over runs: {said}"


def _is_small(rows: Sequence[ComparisonRow], trained: Sequence[TrainedModel]) -> bool:
    """Whether some set has fewer patients than those of the simulated studies; a cohort is trained on and validates."""
    cohort = max((sum(row.patients.get(part, 0) for part in ("train", VALIDATION)) for row in trained), default=0)
    inside = [row.patients for row in rows if ScoreName.parse(row.metric).set == VALIDATION]
    outside = [row.patients for row in rows if ScoreName.parse(row.metric).set != VALIDATION]
    small = bool(inside) and max(cohort, *inside) < SIMULATED_COHORT
    return small or min(outside, default=SIMULATED_EXTERNAL) < SIMULATED_EXTERNAL


def _patients_per_seed(parts: Sequence[Comparison]) -> str:
    """How many patients a seed scores, and how many seeds score a patient; of the primary scores."""
    found = {}
    for part in parts:
        of_cell: dict[tuple[str, float, str], list[int]] = defaultdict(list)
        for pair in part.pairs:
            of_cell[pair.metric, pair.train_ratio, pair.ablation].append(pair.patients)
        for row in part.rows:
            scored = of_cell[row.metric, row.train_ratio, row.ablation]
            if not row.secondary and row.population_df and scored and row.patients:
                name = f"{row.label} at ratio {cell_name(row)}"
                found[name] = f"{_range(scored)} of {row.patients} patients per seed and "
                found[name] += f"{_one_decimal(sum(scored) / row.patients)} seeds per patient on average for {name}"
    return listed(list(found.values())[:MOST_LISTED]) + (" and others" if len(found) > MOST_LISTED else "")


def _left_out(rows: Sequence[ComparisonRow]) -> str:
    """How many patients lack a score."""
    found = {
        f"{row.patients_left_out} for {row.label} at ratio {cell_name(row)}" for row in rows if row.patients_left_out
    }
    return f"Left out for both models, since a score is missing: {listed(sorted(found)) if found else 'none'}"


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values, default=0.0), max(values, default=0.0)


def _one_decimal(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _range(values: Iterable[float]) -> str:
    """`29.8`, or `29.8 to 31.5`."""
    found = list(values)
    low, high = _one_decimal(min(found, default=0.0)), _one_decimal(max(found, default=0.0))
    return low if low == high else f"{low} to {high}"
