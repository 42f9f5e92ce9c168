"""How scores of cases are formatted, and the notes beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gridctl.analysis.model import ScorecardRow
from gridctl.experiment.scores.measures import TEST

_SHARES: Final = ("dice", "iou", "sensitivity", "precision", "nsd")
"""Metrics between 0 and 1 have three decimals; millimetres, millilitres and percentage points have one."""


def shown_value(metric: str, value: float) -> str:
    """A number with the decimals of its metric, and a true minus sign."""
    text = f"{value:.3f}" if metric in _SHARES else f"{value:.1f}"
    return "0.0" if text == "-0.0" else text.replace("-", "−")


def short_unit(unit: str) -> str:
    """The unit, short enough for a heading."""
    return unit.replace("percentage points", "points")


def time_points(rows: Sequence[ScorecardRow]) -> list[str]:
    """The time points of cases, ED first."""
    return sorted(dict.fromkeys(row.time_point for row in rows))


def selected_on(score: str, set_name: str, tuned_on: str | None = None) -> str:
    """What a heading says about scores whose epoch, or ablation, was chosen; empty for others."""
    if set_name == tuned_on:
        return f"{', best epoch' if score == 'best' else ''}, selected on these patients"
    if score != "best":
        return ""
    return ", best epoch, selected on these patients" if set_name == "validation" else ", best epoch on validation"


def comparable(set_name: str, patients: int) -> str:
    """Whether published scores are comparable with ours, in words."""
    if set_name == TEST:
        return "comparable only if the test set here is those very patients and training saw all others"
    return f"ours are of {patients} other patients ({set_name}), so the rows are not comparable one to one"
