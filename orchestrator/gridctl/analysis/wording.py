"""Verdicts on tests, in a sentence."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Final

from gridctl.analysis.statistics.smallest_p import pairs_for_exact, smallest_exact_p
from gridctl_trainer.contract.wording import count

if TYPE_CHECKING:
    from gridctl.analysis.model import ComparisonRow, Overall

LEVEL: Final = 0.05

FEWEST_PAIRS: Final = 3
"""With fewer pairs nothing is called better, whatever a t-test says."""

EPOCH_WARNING: Final = (
    "unit epoch: epochs of one run are not independent, so these p values and intervals are far too small; "
    "pooled epochs are here to repeat published numbers, and are not to be believed"
)

BCA_COVERAGE: Final = {5: 0.83, 10: 0.90, 20: 0.93, 50: 0.94}
"""Share of 95% BCa intervals that hold the true mean of so many normal differences: docs/statistics.md."""

BCA_COVERAGE_OF_FEW: Final = {2: 0.51, 3: 0.72, 4: 0.80}
"""The same for fewer pairs than the table of docs/statistics.md begins with."""


def sides(row: ComparisonRow) -> tuple[str, str]:
    """Names of the two sides of a row: models, or ablations of one model."""
    if row.model == row.against:
        return row.ablation, row.against_ablation
    return row.model, row.against


def verdict(row: ComparisonRow, unit: str) -> str:
    """The verdict on one comparison, given its corrected p."""
    if waits(row):
        return waiting(row)
    if reason := not_tested(row):
        return reason
    if row.equivalent and not is_significant(row):
        return f"{_equivalence(row).removeprefix('; ')}{whose(row)}"  # a negligible difference puts no side ahead
    return f"{_told(row, unit, *sides(row))}{_equivalence(row)}{whose(row) if unit == 'run' else ''}"


def whose(row: ComparisonRow) -> str:
    """` (these patients: 24; 5 pairs)`: for whom a verdict speaks, and of how many."""
    if row.test == "welch":
        return ""
    looked = f" at look {row.look}" if row.first_look and row.look else " so far" if row.look else ""
    pairs = f"{count(row.n_pairs, 'pair')}{looked}"
    if row.claim == "population" and row.test == "Nadeau-Bengio":
        scored = f"{count(row.patients, 'patient')} scored per split"
        return f" (patients like these, by Nadeau and Bengio's test: {scored}, {pairs})"
    if row.claim == "population":
        return f" (patients like these: {count(row.patients, 'patient')}, {count(row.n_seeds, 'seed')}{looked})"
    patients = f": {row.patients}" if row.patients else ""
    return f" (these patients{patients}; {pairs})"


def waits(row: ComparisonRow) -> bool:
    """Whether there is no answer yet: runs are not finished, or the first declared look is not reached."""
    return row.look is None and bool(row.unfinished or row.first_look)


def waiting(row: ComparisonRow) -> str:
    """The verdict while some runs are not finished: partial results are not an answer."""
    if row.first_look:
        return f"no answer yet: the first declared look is at {row.first_look} pairs, in the order of the seeds"
    pairs = row.dropped + row.n_pairs
    unpaired = "; the runs there are have no partner and were tested unpaired (Welch)" if row.test == "welch" else ""
    return f"no answer yet: {row.unfinished} of {pairs} {_are(pairs, row.unfinished)} not complete{unpaired}"


def not_tested(row: ComparisonRow) -> str:
    """Why a comparison has no test; empty where it has one."""
    if row.difference is None:
        if row.differing and row.differing == row.dropped:
            return "no pair is left to test: split, images or the code of a plugin differ in all of them"
        if row.dropped and not row.unfinished:
            return f"no pair is left to test: {row.dropped} left out"
        return "no complete pair yet"
    if row.test == "welch":
        return ""
    if row.n_pairs == 1:
        return "one pair is not enough for a test; add seeds"
    if row.claim == "population" and row.p is None:
        return _no_population_test(row)
    if row.p is None or row.p_holm is None:
        if row.difference == 0:
            subject = "both ablations" if row.model == row.against else "both models"
            return f"{subject} score exactly the same, so there is nothing to test"
        return f"all {row.n_pairs} pairs differ by exactly the same, so there is no spread to test against"
    return ""


def _no_population_test(row: ComparisonRow) -> str:
    if not row.patients:
        return "no log says how many patients were trained on and scored, so patients like these cannot be spoken of"
    if row.patients == 1:
        return "one patient is not enough for a test over patients; validate on more"
    if row.n_seeds == 1:
        return "one seed is not enough for a test over seeds and patients; add seeds"
    if row.difference == 0:
        return "every patient scores exactly the same in both, so there is nothing to test"
    return "every patient differs by exactly the same, so there is no spread to test against"


def _told(row: ComparisonRow, unit: str, first: str, second: str) -> str:
    assert row.difference is not None
    assert row.p is not None
    assert row.p_holm is not None
    ahead = (row.difference > 0) == row.higher_is_better
    better, worse = (first, second) if ahead else (second, first)
    if prints_as_zero(row.difference):
        return "no difference seen"
    if unit == "epoch":
        return f"{better} is ahead; pooled epochs cannot say whether by more than chance"
    if is_significant(row):
        return f"{better} is better than {worse}"
    if row.p <= LEVEL and too_few(row):
        return f"{better} is ahead, but {too_few(row)} are too few to call it better"
    if row.p <= LEVEL:
        return f"{better} is ahead, but not after correction for the number of tests"
    if row.t is not None and abs(row.t) < 1:
        return "no difference seen"
    return f"{better} is ahead, but by no more than chance allows"


def is_significant(row: ComparisonRow) -> bool:
    """Whether the difference may be called one: corrected p at most the level, from all its pairs and enough of them.

    A difference too small to be shown is not significant either, whatever its p.
    """
    if row.p_holm is None or row.difference is None or waits(row):
        return False
    return row.p_holm <= LEVEL and not too_few(row) and not prints_as_zero(row.difference)


def prints_as_zero(difference: float) -> bool:
    """Whether a difference is printed as `0.000`."""
    return float(f"{difference:.3f}") == 0


def too_few(row: ComparisonRow) -> str:
    """`2 pairs` where a t-test, which takes normal differences on trust, is all there is; else empty.

    With two pairs no exact test can go below p = 0.5.
    """
    if row.claim == "population" and row.test != "Nadeau-Bengio" and row.patients < FEWEST_PAIRS:
        return count(row.patients, "patient")
    return count(row.n_pairs, "pair") if row.n_pairs < FEWEST_PAIRS else ""


def is_equivalent(row: ComparisonRow) -> bool | None:
    """Whether the difference is shown to lie within the declared margin, of enough pairs; None where none was tested.

    As `is_significant`, of corrected p: with several cells some would seem equivalent by chance.
    """
    if row.equivalence_margin is None:
        return None
    if row.p_tost_holm is None:
        return row.equivalent if row.log_e is not None else None
    return row.p_tost_holm <= LEVEL and not waits(row) and not too_few(row)


def overall_verdict(row: Overall) -> str:
    """The verdict on a comparison over the whole grid, given its corrected p."""
    if row.unfinished:
        return f"no answer yet: {count(row.unfinished, 'pair')} not complete"
    if row.difference is None:
        lacking = "no patient was scored" if row.claim == "population" else "no seed has a pair"
        return f"{lacking} in every cell"
    if row.n_seeds == 1:
        return "one seed is not enough for a test; add seeds"
    if row.p is None or row.p_holm is None:
        if row.claim == "population" and row.patients == 1:
            return "one patient is not enough for a test over patients; validate on more"
        return "the same in every seed, so there is no spread to test against"
    ahead = (row.difference > 0) == row.higher_is_better
    better, worse = (row.model, row.against) if ahead else (row.against, row.model)
    if prints_as_zero(row.difference) and not row.equivalent:
        return "no difference seen"
    if is_significant_overall(row):
        return f"{better} is better than {worse}"
    if row.equivalent:
        return f"{row.model} and {row.against} are equivalent within the declared margin of ±{row.equivalence_margin:g}"
    if row.p_holm <= LEVEL:
        few = count(row.n_seeds, "seed") if row.n_seeds < FEWEST_PAIRS else count(row.patients, "patient")
        return f"{better} is ahead, but {few} are too few to call it better"
    return "no difference is shown"


def is_significant_overall(row: Overall) -> bool:
    """Whether a difference over the whole grid may be called one; as `is_significant`."""
    if row.p_holm is None or row.difference is None or row.unfinished or prints_as_zero(row.difference):
        return False
    return row.p_holm <= LEVEL and _enough(row)


def is_equivalent_overall(row: Overall) -> bool | None:
    """Whether a difference over the whole grid is shown to lie within the margin; as `is_equivalent`."""
    if row.equivalence_margin is None:
        return None
    if row.p_tost_holm is None:
        return None if row.equivalent is None else row.equivalent and _enough(row)
    return row.p_tost_holm <= LEVEL and not row.unfinished and _enough(row)


def _enough(row: Overall) -> bool:
    return row.n_seeds >= FEWEST_PAIRS and (row.claim == "cohort" or row.patients >= FEWEST_PAIRS)


def _equivalence(row: ComparisonRow) -> str:
    if row.equivalent is None or row.equivalence_margin is None:
        return ""
    if row.equivalent:
        return f"; equivalent within the declared margin of ±{row.equivalence_margin:g}"
    if row.p_holm is not None and row.p_holm <= LEVEL:
        return ""
    return f"; nor is it shown to be within ±{row.equivalence_margin:g}"


def floor(n: int, tests: int) -> str:
    """What this few pairs can never show by an exact test; empty if that is not an obstacle.

    Args:
        n: Pairs.
        tests: Corrected together.
    """
    smallest = smallest_exact_p(n)
    if n < 2 or smallest <= LEVEL / max(1, tests):
        return ""
    alone, together = pairs_for_exact(LEVEL), pairs_for_exact(LEVEL, tests)
    cannot = f"n = {n}: an exact test cannot go below p = {smallest:.3g}"
    if smallest <= LEVEL:
        return f"{cannot}, too much after Holm over {tests} tests; at least {together} seeds, all agreeing, could"
    more = f", at least {together} after Holm over {tests} tests" if together > alone else ""
    return f"{cannot}; at least {alone} seeds, all agreeing, could reach {LEVEL}{more}"


def cell_name(row: ComparisonRow) -> str:
    """`0.3`, `0.3, no_clahe`: a cell in a list of cells."""
    return f"{row.train_ratio:g}" + ("" if row.ablation == "none" else f" ({row.ablation})")


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def sentence(text: str, names: Container[str] = ()) -> str:
    """Text with a capital letter, unless it begins with a name, which stays as it is written.

    Args:
        text: Words.
        names: Of models and ablations.
    """
    word = re.split(r"[\s,:;]", text, maxsplit=1)[0]
    named = word.removesuffix("'s") in names
    return text if named or not re.fullmatch(r"[a-z]+('s)?", word) else text[:1].upper() + text[1:]


def cut(text: str, letters: int) -> str:
    """Text shortened to a number of letters in the middle, since names often differ at their ends."""
    if len(text) <= letters:
        return text
    kept = letters - 1
    return f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"


def _are(number: int, some: int) -> str:
    return f"pair{'' if number == 1 else 's'} {'is' if some == 1 else 'are'}"


def bca_coverage(n: int) -> str:
    """The coverage of a BCa interval of this few pairs; empty if there are enough."""
    known = {**BCA_COVERAGE_OF_FEW, **BCA_COVERAGE}
    size = max((size for size in known if size <= n), default=min(known))
    held = known[size]
    if held >= 0.94:
        return ""
    here = "" if size == n else f" (here there are {n})"
    return (
        f"of {size} pairs{here} a 95% BCa interval holds the truth in {held:.0%} of simulated normal studies, "
        "a t interval in 95%"
    )
