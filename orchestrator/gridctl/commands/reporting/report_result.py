"""A report made from the store: shared by `gridctl report` and `gridctl.api`."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from gridctl.analysis.compared_scores import as_scored, checkpoints_of, shows_test_set
from gridctl.analysis.model import ComparisonRow, PairScore, Summary
from gridctl.analysis.predictions.comparison import compared_sets
from gridctl.analysis.provenance_record import SealedPlan
from gridctl.analysis.request import check
from gridctl.collection.collect import Collected
from gridctl.collection.outside_grid import outside_grid
from gridctl.collection.read_cache import ReadCache
from gridctl.collection.score_file import read_prediction_set
from gridctl.collection.specifications import StoredSpecifications
from gridctl.commands.collecting import collect_with_bar
from gridctl.commands.lookup.experiments import Found
from gridctl.commands.progress.states import standings_now
from gridctl.commands.reporting.report import undrawn_figures, write_report
from gridctl.commands.reporting.reproduced_studies import reproduced_studies
from gridctl.errors import InputError
from gridctl.experiment.scores.measures import TEST
from gridctl.history.changes import changes_since_first_report, looks_at_test_set
from gridctl.history.event import HistoryEvent, report_event
from gridctl.history.record import History, append, read_history
from gridctl.history.report_objects import object_digests, objects_of_report
from gridctl.history.seal import sealed_plan
from gridctl.report import FILES, Report, ReportRequest, Source, build_report, render
from gridctl.report.study import StudyComparison
from gridctl.terminal import console
from gridctl_trainer.contract.suggest import did_you_mean

if TYPE_CHECKING:
    from rich.console import Console

_log = logging.getLogger(__name__)

_WIDTH: Final = 120
"""Width of a table as text, in characters."""


@dataclass(frozen=True, slots=True, repr=False)
class ReportResult:
    """A report: as objects, as tables, and as documents.

    Attributes:
        report: What was found: headlines, warnings, and what the tables below are made of.
        request: What was asked for.
        collected: What the store held: a row per run, per epoch, and per patient of a run.
    """

    report: Report
    request: ReportRequest
    collected: Collected
    _found: Found
    _studies: Mapping[str, StudyComparison]

    def __repr__(self) -> str:
        """The report's tables: what a notebook shows of it."""
        return self.text()

    @property
    def headlines(self) -> Sequence[str]:
        """The answer in sentences."""
        return self.report.headlines

    @property
    def warnings(self) -> Sequence[str]:
        """What a reader must know before believing a number."""
        return self.report.warnings

    @property
    def summaries(self) -> pd.DataFrame:
        """A row per metric, cell of the grid and model; columns as `gridctl.analysis.model.Summary`."""
        return _table(self.report.summaries, Summary)

    @property
    def comparisons(self) -> pd.DataFrame:
        """A row per test; columns as `gridctl.analysis.model.ComparisonRow`. Empty if nothing was tested."""
        return _table([row for part in self.report.comparisons for row in part.rows], ComparisonRow)

    @property
    def pairs(self) -> pd.DataFrame:
        """A row per tested pair of runs; columns as `gridctl.analysis.model.PairScore`."""
        return _table([pair for part in self.report.comparisons for pair in part.pairs], PairScore)

    def text(self, output_format: str = "table", *, progress: Callable[[str], None] | None = None) -> str:
        """The report as one document.

        Args:
            output_format: `table`, `markdown`, `latex`, `csv`, `json` or `html`.
            progress: Called with a line of text for each note.

        Raises:
            InputError: There is no such format.
        """
        from rich.console import Console

        source = self._source(output_format, None, progress)
        drawn = io.StringIO()
        on = Console(file=drawn, width=_WIDTH, color_system=None)
        return render(self.report, output_format, on, source) or drawn.getvalue()

    def print(self, on: Console) -> None:
        """Draw the tables on a terminal, as wide as that is."""
        render(self.report, "table", on)

    def save(
        self,
        folder: str | Path,
        output_format: str | None = None,
        *,
        progress: Callable[[str], None] | None = None,
    ) -> list[Path]:
        """Write the report into a folder, which is made if there is none.

        Args:
            folder: Files there of the same names are replaced.
            output_format: As of `text`; None writes every one, and the figures of published studies.
            progress: Called with a line of text for each file and each note.

        Returns:
            The files written.

        Raises:
            InputError: There is no such format, or the folder cannot be written to.
        """
        with console.messages_to(progress or _log.info):
            source = self._source(output_format, Path(folder), progress)
            written = []
            for path in write_report(self.report, source, Path(folder), output_format, self._studies):
                console.say(f"wrote {path}")
                written.append(path)
            if output_format is None:
                for why in undrawn_figures(self.report):
                    console.say(f"note: {why}")
        return written

    def _source(self, output_format: str | None, folder: Path | None, progress: Callable[[str], None] | None) -> Source:
        """What a document is made from; for the page, the executor is asked for the state of every run."""
        if output_format is not None and output_format not in FILES:
            raise InputError(f"unknown format '{output_format}'", fix=did_you_mean(output_format, FILES))
        found, tables = self._found, self.collected
        with console.messages_to(progress or _log.info):
            standings, problem = standings_now(found, tables) if output_format in (None, "html") else (None, "")
            if problem:
                console.say(f"note: the states on the page are from the store alone: {problem}")
        return Source(found.experiment, tables, found.store, folder, self.request, standings)


def report_of(found: Found, request: ReportRequest) -> ReportResult:
    """Read the store, make the report, and record it in the experiment's history.

    Args:
        found: The experiment.
        request: What is asked for.

    Raises:
        InputError: The request names no metric or score there is, or the experiment compares nothing.
        StoreError: The store cannot be reached.
    """
    history = read_history(found.store, found.experiment.name)
    result, event = answer(found, request, history)
    if problem := append(found.store, found.experiment.name, history, event):
        console.say(
            f"note: the experiment's history cannot be kept, so a later report cannot say what changed: {problem}"
        )
    return result


def answer(
    found: Found, request: ReportRequest, history: History, *, fresh: bool = False
) -> tuple[ReportResult, HistoryEvent]:
    """Read the store and make the report; nothing is written.

    Args:
        found: The experiment.
        request: What is asked for.
        history: What happened before.
        fresh: Take nothing from this machine's cache of objects.

    Returns:
        The report, and the event that it is.

    Raises:
        InputError: The request names no metric or score there is, or the experiment compares nothing.
        StoreError: The store cannot be reached.
    """
    experiment, store = found.experiment, found.store
    cases = checkpoints_of(experiment, request)
    predictions = {file.name: read_prediction_set(file) for file in request.prediction_files}
    tables = collect_with_bar(store, experiment.runs, cases=cases, cache=ReadCache(None) if fresh else None)
    scored = as_scored(experiment, tables.runs, tables.epochs, tables.cases, tables.measures, request.metrics or ())
    finished = int(tables.runs["finished"].sum())
    check(request, scored)
    shown = compared_sets(scored, tables.cases, request, predictions)  # a look at the test set is counted
    event = report_event(scored, finished, request, test_set=TEST in shown or shows_test_set(scored, request))
    studies = reproduced_studies(experiment)
    plan = sealed_plan(store, experiment)
    report = build_report(
        experiment,
        tables,
        request,
        changes=[
            *_of_plan(plan),
            *looks_at_test_set(history, event),
            *changes_since_first_report(history, event),
        ],
        outside=outside_grid(StoredSpecifications(store, experiment.name), experiment.runs, tables.others),
        studies=studies.values(),
        predictions=predictions,
    )
    made_from = replace(
        report.provenance,
        plan=plan,
        request=_asked(request),
        objects=object_digests(store, objects_of_report(tables.listed, experiment.runs), fresh=fresh),
    )
    return ReportResult(replace(report, provenance=made_from), request, tables, found, studies), event


def _asked(request: ReportRequest) -> dict[str, Any]:
    """The request as a report keeps it; what an earlier version did not know is there only if it was asked."""
    return {name: value for name, value in asdict(request).items() if value or name not in ("against", "of")}


def _of_plan(plan: SealedPlan | None) -> Iterator[str]:
    """What a reader must know of the sealed plan."""
    if plan is None:
        return
    if plan.finished:
        yield (
            f"the plan was sealed when {console.count(plan.finished, 'run')} of the experiment had finished: it may "
            "have been chosen by their results"
        )
    yield from plan.edits


def _table(rows: Sequence[Any], kind: type[Any]) -> pd.DataFrame:
    return pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(kind)])
