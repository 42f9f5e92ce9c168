"""The population that a result is about, and what the other reading says: a claim needs its population."""

from __future__ import annotations

from gridctl.analysis.model import ComparisonRow, Overall
from gridctl.analysis.wording import FEWEST_PAIRS
from gridctl.report.numbers import confidence, p_value, signed
from gridctl.report.scope import Scope
from gridctl.terminal.console import count


def spoken_of(row: ComparisonRow | Overall, scope: Scope) -> str:
    """The population of a headline, and what the other reading says about the same scores; without a full stop.

    Args:
        row: The test that the headline leads with.
        scope: Whose patients the score is of.
    """
    population = f"Population: {scope.of_claim(row.claim, row.patients)}"
    if row.claim == "population":
        how = ". Test: that of Nadeau and Bengio, over random splits" if _is_resplit(row) else ""
        return f"{population}{how}{_other('These patients alone', row, 'cohort')}"
    return f"{population}{_other('Patients like these', row, 'population')}"


def _is_resplit(row: ComparisonRow | Overall) -> bool:
    return isinstance(row, ComparisonRow) and row.test == "Nadeau-Bengio"


def counted(row: ComparisonRow | Overall) -> str:
    """`n = 5`, or `n = 5 seeds, 24 patients`: the sample of the test."""
    if _is_resplit(row):
        return f"n = {count(row.n_seeds, 'split')} with {count(row.patients, 'patient')} scored in each"
    if row.claim == "population" and row.n_seeds:
        return f"n = {count(row.n_seeds, 'seed')}, {count(row.patients, 'patient')}"
    if isinstance(row, ComparisonRow) and row.test == "welch":
        return f"n = {row.n_model} and {count(row.n_against, 'run')}"
    return f"n = {count(row.n_seeds, 'seed')}" if isinstance(row, Overall) else f"n = {count(row.n_pairs, 'pair')}"


def _other(name: str, row: ComparisonRow | Overall, reading: str) -> str:
    difference, low, high, p = (getattr(row, f"{reading}_{part}") for part in ("difference", "low", "high", "p"))
    if difference is None or p is None or row.n_seeds < FEWEST_PAIRS:
        return ""
    said = p_value(p)
    equals = f"< {said[1:]}" if said.startswith("<") else f"= {said}"
    return f". {name}: {signed(difference)}, {confidence(low, high)}, p {equals}"
