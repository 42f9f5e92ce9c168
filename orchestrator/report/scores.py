"""How the epochs of a run become its one score."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

CELL: Final = ["model", "train_ratio", "ablation", "seed"]


def is_score(text: str) -> bool:
    """Whether this names a score: `final`, `best`, `mean` or `last-K`."""
    return text in ("final", "best", "mean") or re.fullmatch(r"last-[1-9]\d{0,3}", text) is not None


def run_scores(epochs: pd.DataFrame, metric: str, score: str) -> pd.DataFrame:
    """One score a run.

    Args:
        epochs: As `Collected.epochs`, of the runs to score.
        metric: A column of it, such as `validation_dice`.
        score: `final`: the last epoch's; `best`: that of the epoch with the highest
            validation Dice, whatever the metric; `mean`: over all epochs; `last-K`: the mean
            of the last K.

    Returns:
        A row a run: `CELL` and `value`.
    """
    ordered = epochs.sort_values(["run_id", "epoch"], kind="stable")
    if score == "best":
        best = ordered.groupby("run_id", sort=False)["validation_dice"].idxmax()
        chosen = ordered.loc[best]
    elif score == "final":
        chosen = ordered.groupby("run_id", sort=False).tail(1)
    elif score == "mean":
        chosen = ordered
    else:
        chosen = ordered.groupby("run_id", sort=False).tail(int(score.removeprefix("last-")))
    values = chosen.groupby(["run_id", *CELL], sort=False)[metric].mean()
    return values.rename("value").reset_index()


def epoch_scores(epochs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Every epoch of every run as an observation of its own, as the thesis pooled them.

    Args:
        epochs: As `Collected.epochs`.
        metric: A column of it.

    Returns:
        A row an epoch: `run_id`, `CELL`, `epoch` and `value`.
    """
    return epochs[["run_id", *CELL, "epoch", metric]].rename(columns={metric: "value"})
