"""The population that a result is about, and what the other reading says: a claim needs its population."""

from __future__ import annotations

from typing import Final

from gridctl.analysis.model import ComparisonRow, Overall
from gridctl.analysis.wording import FEWEST_PAIRS
from gridctl.report.numbers import interval, p_value, signed
from gridctl.terminal.console import count

COHORT: Final = "over splits and starts of training; other patients are not covered"
POPULATION: Final = "new patients, for models trained on subsets of this cohort; another training cohort is not covered"


def spoken_of(row: ComparisonRow | Overall) -> str:
    """The population of a headline, and what the other reading says about the same scores; without a full stop.

    Args:
        row: The test that the headline leads with.
    """
    if row.claim == "population":
        how = ", by the test of Nadeau and Bengio over random splits" if _is_resplit(row) else ""
        return f"Population: {POPULATION}{how}{_other('These patients alone', row, 'cohort')}"
    these = f"these {count(row.patients, 'patient')}" if row.patients else "these patients"
    return f"Population: {these}, {COHORT}{_other('Patients like these', row, 'population')}"


def _is_resplit(row: ComparisonRow | Overall) -> bool:
    return isinstance(row, ComparisonRow) and row.test == "Nadeau-Bengio"


def counted(row: ComparisonRow | Overall) -> str:
    """`n = 5`, or `n = 5 seeds, 24 patients`: the sample of the test."""
    if _is_resplit(row):
        return f"n = {count(row.n_seeds, 'split')} with {count(row.patients, 'patient')} scored in each"
    if row.claim == "population":
        return f"n = {count(row.n_seeds, 'seed')}, {count(row.patients, 'patient')}"
    return f"n = {count(row.n_seeds, 'seed')}" if isinstance(row, Overall) else f"n = {row.n_pairs}"


def _other(name: str, row: ComparisonRow | Overall, reading: str) -> str:
    difference, low, high, p = (getattr(row, f"{reading}_{part}") for part in ("difference", "low", "high", "p"))
    if difference is None or p is None or row.n_seeds < FEWEST_PAIRS:
        return ""
    said = p_value(p)
    equals = f"< {said[1:]}" if said.startswith("<") else f"= {said}"
    return f". {name}: {signed(difference)} {interval(low, high)}, p {equals}"
