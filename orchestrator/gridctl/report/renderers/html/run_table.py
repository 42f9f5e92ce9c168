"""Every run with its state and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gridctl.report.renderers.html.charts.curves import final_scores
from gridctl.runs.standing import Standing


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run.

    Attributes:
        run: Its row of `Collected.runs`.
        state, css: Its state, and the CSS class that colours it.
        reason: Why; empty if there is nothing to say.
        scores: After its latest epoch, by metric; None where it has none.
    """

    run: Mapping[str, Any]
    state: str
    css: str
    reason: str
    scores: Mapping[str, float | None]


def run_rows(
    runs: Sequence[Mapping[str, Any]],
    standings: Mapping[str, Standing],
    epochs: pd.DataFrame,
    metrics: Sequence[str],
) -> list[RunRow]:
    """One row per wanted run, in the order of the grid.

    Args:
        runs: Rows of `Collected.runs`.
        standings: State of each run, by run id.
        epochs: As `Collected.epochs`.
        metrics: Scores to show.
    """
    scores = final_scores(epochs, metrics).to_dict("index") if len(epochs) else {}
    rows = []
    for run in runs:
        standing = standings[run["run_id"]]
        known = {
            str(metric): (None if value != value else float(value))
            for metric, value in scores.get(run["run_id"], {}).items()
        }
        shown = {metric: known.get(metric) for metric in metrics}
        rows.append(RunRow(run, standing.state.label, standing.state.css, standing.reason, shown))
    return rows
