"""A report as one HTML file that needs nothing else: to look at, and to send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator.collect import Collected
from orchestrator.experiment import Experiment
from orchestrator.report.conditions import conditions
from orchestrator.report.page.curves import packed_curves
from orchestrator.report.page.difference_chart import difference_plots
from orchestrator.report.page.environment import render
from orchestrator.report.page.function_chart import agreements, function_cells
from orchestrator.report.page.gallery import read_gallery
from orchestrator.report.page.grid_map import grid_map
from orchestrator.report.page.legend import models
from orchestrator.report.page.provenance import mixed, newest_sign, provenance_lines
from orchestrator.report.page.ratio_chart import ratio_chart
from orchestrator.report.page.representatives import representatives
from orchestrator.report.page.run_table import run_rows
from orchestrator.report.page.significance import test_rows
from orchestrator.report.result import Report
from orchestrator.report.wording import METRIC_NAMES, bca_coverage
from trainer.contract.store import Store

__all__ = ["render_page"]


def render_page(
    report: Report, experiment: Experiment, tables: Collected, store: Store, folder: Path | None = None
) -> str:
    """Write a report as a page.

    The same store and report give the same page.

    Args:
        report: What it says.
        experiment: Its grid.
        tables: What the store holds of it.
        store: Pictures are read from it, and links lead to its logs.
        folder: Where the page will lie; None if that is not known.

    Returns:
        A whole HTML document: styles, script and pictures are within it.

    Raises:
        StoreError: The store cannot be reached.
    """
    named = models(experiment.models)
    runs: list[dict[str, Any]] = tables.runs.to_dict("records")  # type: ignore[assignment]
    finished = tables.runs.loc[tables.runs["finished"], "run_id"]
    epochs_of_finished = tables.epochs[tables.epochs["run_id"].isin(finished)]
    metrics = [name for name in ("validation_dice", "generalisation_dice") if tables.epochs[name].notna().any()]
    chosen = representatives(report, runs, named)
    tested = [row for part in report.comparisons for row in part.rows if row.bca_low is not None]
    lines = provenance_lines(report.provenance)
    return render(
        "page.html.j2",
        {
            "report": report,
            "experiment": experiment,
            "models": named,
            "metric_names": METRIC_NAMES,
            "metrics": metrics,
            "tests": test_rows(report),
            "conditions": list(conditions(report)),
            "coverage": bca_coverage(min((row.n_pairs for row in tested), default=0)),
            "ratio": ratio_chart(report, epochs_of_finished, named, experiment.train_ratios),
            "differences": difference_plots(report, named),
            "curves": packed_curves(experiment, tables.runs, tables.epochs),
            "grid": grid_map(runs, named),
            "gallery": read_gallery(store, experiment.name, chosen),
            "agreements": agreements(tables.function, named),
            "function": function_cells(tables.function, chosen),
            "lines": lines,
            "mixed": mixed(lines),
            "newest": newest_sign(tables.runs),
            "rows": run_rows(runs, tables.epochs, metrics, store, folder),
            "store_url": store.url,
        },
    )
