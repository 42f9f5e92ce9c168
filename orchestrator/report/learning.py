"""Models that never learned: whatever is compared with them wins, and that says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

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
