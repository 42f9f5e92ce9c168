"""Models that never learned: whatever is compared with them wins, and that says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import pandas as pd

from gridctl.analysis.model import Comparison, ComparisonRow
from gridctl.analysis.wording import sides

LEARNED_DICE: Final = 0.05
"""A run whose validation Dice is never above this in any epoch has learned nothing."""


def never_learned(runs: pd.DataFrame, epochs: pd.DataFrame) -> Iterator[str]:
    """One sentence for each model of which a finished run never learned.

    Args:
        runs: As `Collected.runs`.
        epochs: As `Collected.epochs`.
    """
    best = epochs.groupby("run_id")["validation_dice"].max()
    for model, of_model in runs[runs["finished"]].groupby("model", sort=False):
        reached = best.reindex(of_model["run_id"]).dropna()
        failed = reached[reached <= LEARNED_DICE]
        if failed.empty:
            continue
        said = f"validation Dice never above {failed.max():.3f} in any epoch"
        if len(failed) == len(of_model):
            which = "its only finished run" if len(of_model) == 1 else f"all {len(of_model)} finished runs"
            yield f"{model} never learned ({said} of {which}): being better than it means nothing"
        else:
            which = f"{len(failed)} of {len(of_model)} finished runs"
            yield f"{model} did not learn in {which} ({said} of these): they distort every comparison with it"


def remarked(comparisons: Sequence[Comparison], runs: pd.DataFrame, epochs: pd.DataFrame) -> list[Comparison]:
    """Comparisons whose verdicts say where one side never learned: whatever is compared with it wins.

    Args:
        comparisons: With their verdicts.
        runs: As `Collected.runs`.
        epochs: As `Collected.epochs`.
    """
    best = epochs.groupby("run_id")["validation_dice"].max()
    failed = {
        cell
        for cell, of_cell in runs[runs["finished"]].groupby(["model", "train_ratio", "ablation"])
        if (best.reindex(of_cell["run_id"]) <= LEARNED_DICE).all()
    }

    def told(row: ComparisonRow) -> ComparisonRow:
        cells = ((row.model, row.train_ratio, row.ablation), (row.against, row.train_ratio, row.against_ablation))
        names = [name for name, cell in zip(sides(row), cells, strict=True) if cell in failed]
        if not names or row.difference is None:
            return row
        return replace(row, verdict=f"{row.verdict}; but {' and '.join(names)} never learned here, so it means nothing")

    return [replace(part, rows=[told(row) for row in part.rows]) for part in comparisons] if failed else [*comparisons]
