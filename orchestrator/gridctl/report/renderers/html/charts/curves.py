"""Learning curves of every run, packed as levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridctl.experiment import Experiment
from gridctl.experiment.scores.measures import Measure, titled
from gridctl.report.renderers.html.charts.packed_levels import NO_VALUE, pack_levels

TRAIN_LOSS: Final = "train_loss"
LEVELS: Final = NO_VALUE - 1
"""Values are rounded to this many steps of their range."""

POINTS: Final = 700_000
"""How many values are kept of all curves together; longer curves keep every n-th epoch and the last."""


def packed_curves(
    experiment: Experiment, runs: pd.DataFrame, epochs: pd.DataFrame, measures: Sequence[Measure]
) -> dict[str, Any] | None:
    """The data from which the page's script draws curves.

    Args:
        experiment: Names what `runs` refer to by number.
        runs: As `Collected.runs`.
        epochs: As `Collected.epochs`.
        measures: Scores to draw, beside the loss of training.

    Returns:
        `epochs` that are kept; `runs`, each `[model, ratio, ablation, seed, run_id, epochs_done]`;
        `curves`, each with its `name`, its `metric` and what that is called, the `range` of its metric or null, `low`,
        `high`, and `data`: levels as `pack_levels` writes them, one row per run. None if no run has an epoch.
    """
    if epochs.empty:
        return None
    shown = runs[runs["epochs_done"] > 0]
    row_of = {run_id: row for row, run_id in enumerate(shown["run_id"])}
    longest = int(epochs["epoch"].max())
    drawn = {measure.name: measure for measure in measures if epochs[measure.name].notna().any()}
    validated = epochs.loc[epochs[list(drawn)].notna().any(axis=1), "epoch"] if drawn else epochs["epoch"]
    kept = _kept(longest, len(shown) * (len(drawn) + 1), np.unique(validated.to_numpy() - 1))
    rows = epochs["run_id"].map(row_of).to_numpy()
    columns = epochs["epoch"].to_numpy() - 1
    curves = []
    for name in (*drawn, TRAIN_LOSS):
        table = np.full((len(shown), longest), np.nan)
        table[rows, columns] = epochs[name].to_numpy(dtype=float)
        whole = _range(drawn.get(name))
        low, high = whole or _ends(table)
        told = _told(drawn.get(name))
        curves.append(
            {"id": name, **told, "range": whole, "low": low, "high": high, "data": _pack(table[:, kept], low, high)}
        )
    return {
        "models": list(experiment.models),
        "ratios": list(experiment.train_ratios),
        "ablations": list(experiment.ablations),
        "epochs": (kept + 1).tolist(),
        "runs": _runs(experiment, shown),
        "curves": curves,
    }


def _runs(experiment: Experiment, shown: pd.DataFrame) -> list[list[Any]]:
    columns = ("model", "train_ratio", "ablation", "seed", "run_id", "epochs_done")
    return [
        [
            experiment.models.index(model),
            experiment.train_ratios.index(ratio),
            experiment.ablations.index(ablation),
            seed,
            run_id,
            done,
        ]
        for model, ratio, ablation, seed, run_id, done in zip(
            *(shown[column].tolist() for column in columns), strict=True
        )
    ]


def _kept(longest: int, curves: int, validated: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of the epochs kept: all, or of those that were validated every n-th and the last."""
    if longest * curves <= POINTS:
        return np.arange(longest)
    stride = max(1, -(-len(validated) * curves // POINTS))
    return np.unique(np.append(validated[::stride], longest - 1))


def _told(measure: Measure | None) -> dict[str, str]:
    if measure is None:
        return {"name": "training loss", "metric": TRAIN_LOSS, "label": "training loss"}
    return {"name": titled(measure), "metric": measure.metric, "label": measure.metric_label}


def _range(measure: Measure | None) -> tuple[float, float] | None:
    """The range of a score; None if it is unbounded."""
    if measure is None or measure.low is None or measure.high is None:
        return None
    return measure.low, measure.high


def _ends(table: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(np.nanmin(table)), float(np.nanmax(table))
    return low, high if high > low else low + 1.0


def _pack(table: NDArray[np.float64], low: float, high: float) -> str:
    steps = np.nan_to_num((table - low) / (high - low) * LEVELS, nan=NO_VALUE)
    return pack_levels(np.clip(np.rint(steps), 0, NO_VALUE).astype(np.int64))


def final_scores(epochs: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """The scores of every run's latest epoch that was validated, by run id."""
    last = epochs[epochs[list(metrics)].notna().any(axis=1)].sort_values("epoch").groupby("run_id", sort=False).tail(1)
    return last.set_index("run_id")[list(metrics)]
