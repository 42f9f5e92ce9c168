"""A report as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gridctl.analysis.model import Report
from gridctl.analysis.request import ReportRequest, compares
from gridctl.analysis.scores import Scored
from gridctl.analysis.wording import bca_coverage
from gridctl.collection.collect import Collected
from gridctl.experiment import Experiment
from gridctl.experiment.scores.measures import default_scores, epoch_measures, primary_measures
from gridctl.report.conditions import conditions
from gridctl.report.methods import methods
from gridctl.report.renderers.html.charts.curves import packed_curves
from gridctl.report.renderers.html.charts.difference_chart import difference_plots
from gridctl.report.renderers.html.charts.ejection_fraction_chart import agreements, shown_functions
from gridctl.report.renderers.html.charts.grid_map import grid_map
from gridctl.report.renderers.html.charts.legend import models
from gridctl.report.renderers.html.charts.profile_chart import profile_plots
from gridctl.report.renderers.html.charts.ratio_chart import ratio_chart
from gridctl.report.renderers.html.charts.trend_chart import trend_plots
from gridctl.report.renderers.html.commands import logs_command, report_command
from gridctl.report.renderers.html.gallery import read_gallery
from gridctl.report.renderers.html.last_lines import last_lines
from gridctl.report.renderers.html.patients import shown_patients
from gridctl.report.renderers.html.provenance_table import mixed, newest_sign, provenance_lines
from gridctl.report.renderers.html.representatives import representatives
from gridctl.report.renderers.html.run_table import run_rows
from gridctl.report.renderers.html.significance_table import test_rows
from gridctl.report.renderers.html.templating import render
from gridctl.report.renderers.sections.comparisons import definitions
from gridctl.report.renderers.sections.effect import improvement_said
from gridctl.report.renderers.sections.prediction import prediction_sections
from gridctl.report.renderers.sections.ranking import ranking_sections
from gridctl.report.renderers.sections.scorecard import scorecard_sections, training_sections
from gridctl.report.renderers.sections.subgroup import subgroup_sections
from gridctl.report.renderers.sections.subgroup_difference import subgroup_difference_sections
from gridctl.report.renderers.sections.tuning import tuning_sections
from gridctl.runs.standing import Standing, standing_without_backend
from gridctl_trainer.storage.base import Store

__all__ = ["render_page"]

MOST_ROWS_OF_A_PAGE: Final = 200
"""Of an exploratory table of subgroups."""


def render_page(
    report: Report,
    experiment: Experiment,
    tables: Collected,
    store: Store,
    folder: Path | None = None,
    request: ReportRequest | None = None,
    standings: Mapping[str, Standing] | None = None,
) -> str:
    """Write a report as a page.

    The same store, report and standings give the same page.

    Args:
        report: What it says.
        experiment: Its grid.
        tables: What the store holds of it.
        store: Pictures and the last lines of failed runs are read from it.
        folder: Where the page will lie; None if it is printed.
        request: What the report was asked, for the command that makes it again.
        standings: State of every run, by run id; None to use the store alone.

    Returns:
        A complete HTML document with styles, script and pictures embedded.

    Raises:
        StoreError: The store cannot be reached.
    """
    named = models(experiment.models)
    runs: list[dict[str, Any]] = tables.runs.to_dict("records")  # type: ignore[assignment]
    known = standings or {run["run_id"]: standing_without_backend(run) for run in runs}
    finished = tables.runs.loc[tables.runs["finished"], "run_id"]
    epochs_of_finished = tables.epochs[tables.epochs["run_id"].isin(finished)]
    measures = report.measures
    asked_for = dict.fromkeys(
        [*default_scores(epoch_measures(measures)), *(summary.metric for summary in report.summaries)]
    )
    metrics = [name for name in asked_for if name in tables.epochs and tables.epochs[name].notna().any()]
    agreed = agreements(tables.function, named)
    chosen = representatives(report, runs, named)
    gallery = read_gallery(store, experiment.name, chosen, primary_measures(measures))
    tested = [row for part in report.comparisons for row in part.rows if row.bca_low is not None]
    rows = run_rows(runs, known, tables.epochs, metrics)
    asked = request or ReportRequest(significance=bool(report.comparisons), unit=report.unit)
    lines = provenance_lines(report.provenance)
    return render(
        "page.html.j2",
        {
            "report": report,
            "experiment": experiment,
            "models": named,
            "metric_names": {name: measure.label for name, measure in measures.items()},
            "metrics": metrics,
            "definitions": definitions(report, asked_for),
            "primary": primary_measures(measures),
            "tests": test_rows(report),
            "testable": compares(experiment),
            "conditions": list(conditions(report)),
            "methods": list(methods(report)),
            "coverage": bca_coverage(min((row.n_pairs for row in tested), default=0)),
            "ratio": ratio_chart(
                report, Scored(epochs_of_finished, tables.cases, measures), named, experiment.train_ratios
            ),
            "differences": difference_plots(report, named),
            "improvements": [
                said for part in report.comparisons for row in part.overall for said in improvement_said(row)
            ],
            "trend_plots": trend_plots(report, named),
            "rankings": [section for section in ranking_sections(report) if "rank" in section.columns],
            "profile_plots": list(profile_plots(report, named)),
            "subgroups": [
                *subgroup_sections(report, most=MOST_ROWS_OF_A_PAGE),
                *subgroup_difference_sections(report),
            ],
            "curves": packed_curves(experiment, tables.runs, tables.epochs, [measures[name] for name in metrics]),
            "grid": grid_map(runs, named, known),
            "gallery": gallery,
            "patients": shown_patients(report, tables.cases, chosen, named, gallery),
            "predictions": list(prediction_sections(report)),
            "scorecards": list(scorecard_sections(report)),
            "trainings": [*tuning_sections(report), *training_sections(report)],
            "agreements": agreed,
            "function": shown_functions(tables.function, chosen),
            "lines": lines,
            "mixed": mixed(lines),
            "newest": newest_sign(tables.runs),
            "rows": rows,
            "failed_lines": last_lines(store, [row.run for row in rows if row.css == "failed"]),
            "logs_command": logs_command(store),
            "again": report_command(experiment.name, store, asked, folder),
            "store_url": store.url,
        },
    )
