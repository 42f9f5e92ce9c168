"""The printed tables and figures of Li (2020) beside ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gridctl.analysis.model import StudyItem, StudySection
from gridctl.analysis.scores import Observations, Scored
from gridctl.collection.scorecards.cases import no_cases
from gridctl.experiment.scores.measures import epoch_measures
from gridctl.report.study import Measured
from gridctl.studies.li2020.cells import PrintedRuns, said_of_cells
from gridctl.studies.li2020.notes import notes_on_metrics, notes_on_models
from gridctl.studies.li2020.points import X_AXES, figure_points, said_of_points
from gridctl.studies.li2020.printed import SOURCE, printed, with_our_sets

_POOLED: Final = "mean (sd); printed, and ours over all epochs of all runs as the printed are; runs: ours over n runs"
_BEST: Final = "printed: best epoch of one run; epochs: mean (sd) of all of ours; runs: of the best epochs of n runs"
_POINTS: Final = "mean over runs with its t interval"


class Li2020Comparison:
    """Some tables and figures of the study; see `gridctl.report.study.StudyComparison`."""

    def __init__(self, items: Sequence[str]) -> None:
        self._items = items

    def section(self, measured: Measured) -> StudySection:
        """One item for each table and figure asked for."""
        return StudySection(
            study="li2020",
            title="The thesis beside ours",
            lead=f"Printed values of {SOURCE} beside the same numbers from these runs. The thesis pools all epochs of "
            "all runs into a mean; ours is shown so, and over runs.",
            items=list(_items(measured, self._items)),
        )

    def draw(self, section: StudySection, folder: Path) -> Iterator[Path]:
        """Each figure that has points, as PNG and PDF."""
        from gridctl.studies.li2020.figures import write_figures

        yield from write_figures(section, folder)


def _items(measured: Measured, names: Sequence[str]) -> Iterator[StudyItem]:
    experiment, epochs, measures = measured.experiment, measured.epochs, measured.measures
    scored = Scored(epochs, no_cases(), epoch_measures(measures))  # the thesis scored only slices
    metrics = list(scored.measures)
    pooled = Observations.of(scored, metrics, "epoch", "")
    for name in names:
        item = with_our_sets(printed()[name], experiment)
        unmeasured = list(notes_on_metrics(item, epochs, measures))
        if "cells" in item:
            score = item.get("score", "")
            of_runs = Observations.of(scored, metrics, "run", score or measured.score)
            ours = PrintedRuns(experiment, measured.finished, pooled, of_runs, measured.comparisons)
            cells = [ours.cell(cell, over_runs=bool(score)) for cell in item["cells"]]
            notes = [*notes_on_models(experiment, item, {cell.model for cell in cells}, drawn=False)]
            caption = _BEST if score == "best" else _POOLED
            yield _item(name, item, cells=cells, said=said_of_cells(cells), notes=notes + unmeasured, caption=caption)
        else:
            measured_metrics = [metric for metric in item["metrics"] if metric in metrics]
            points = list(figure_points(item, measured_metrics, measured))
            notes = [*notes_on_models(experiment, item, {point.model for point in points}, drawn=True)]
            said, axis = said_of_points(item, points), X_AXES[item["against"]]
            yield _item(name, item, points=points, said=said, notes=notes + unmeasured, caption=_POINTS, x_axis=axis)


def _item(name: str, item: Mapping[str, Any], **ours: Any) -> StudyItem:
    return StudyItem(name.replace("-", " "), item["title"], f"{SOURCE}, section 5", item["statement"], **ours)
