"""Every run with its state, scores and log."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from orchestrator.report.page.curves import final_scores
from orchestrator.standing import standing_without_backend
from trainer.contract.store import Store


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run.

    Attributes:
        run: Its row of `Collected.runs`.
        state, css: Where it stands, and the class that colours it.
        reason: Why; empty if there is nothing to say.
        scores: After its latest epoch, by metric; None where it has none.
        log: Where what it printed lies; empty before its first attempt.
    """

    run: Mapping[str, Any]
    state: str
    css: str
    reason: str
    scores: Mapping[str, float | None]
    log: str


def run_rows(
    runs: Sequence[Mapping[str, Any]],
    epochs: pd.DataFrame,
    metrics: Sequence[str],
    store: Store,
    folder: Path | None,
) -> list[RunRow]:
    """A row a wanted run, in the order of the grid.

    Args:
        runs: Rows of `Collected.runs`.
        epochs: As `Collected.epochs`.
        metrics: Scores to show.
        store: Where the logs are.
        folder: Where the page will lie, so that links to a store beside it move with both;
            None for whole addresses.
    """
    scores = final_scores(epochs, metrics).to_dict("index") if len(epochs) else {}
    base = _base(store, folder)
    rows = []
    for run in runs:
        standing = standing_without_backend(run)
        known = {
            str(metric): (None if value != value else float(value))
            for metric, value in scores.get(run["run_id"], {}).items()
        }
        log = f"{base}/{quote(run['log'])}" if run["log"] else ""
        rows.append(
            RunRow(
                run,
                standing.state.label,
                standing.state.css,
                standing.reason,
                {metric: known.get(metric) for metric in metrics},
                log,
            )
        )
    return rows


def _base(store: Store, folder: Path | None) -> str:
    if "://" in store.url:
        return store.url
    path = Path(store.url).resolve()
    if folder is None:
        return path.as_uri()
    return quote(Path(os.path.relpath(path, folder.resolve())).as_posix())
