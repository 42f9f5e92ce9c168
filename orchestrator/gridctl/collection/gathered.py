"""Store -> what is known about every run, as plain rows, for commands that need no tables."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gridctl.collection.read_cache import ReadCache
from gridctl.collection.rows import cell_of
from gridctl.collection.run_objects import OnRead
from gridctl.collection.run_table import RunTable
from gridctl.collection.run_tables import read_tables
from gridctl.collection.waiting_submission import held_by_submissions
from gridctl.experiment.scores.measures import Measures, epoch_measures, measures_of
from gridctl_trainer.contract.errors import Problem
from gridctl_trainer.contract.layout import RunLayout, attempt_of, experiment_prefix, is_waiting_submission, run_of
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Stat, Store


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the store holds of an experiment.

    Attributes:
        rows: One per wanted run, in the order of the grid: what `RUN_COLUMNS` name, and its latest scores, NaN where it
            has none.
        tables: For each run the fields that name it, and its epochs and patients.
        problems: Objects that could not be read, and what is wrong with them.
        others: Finished runs in the store that the grid does not hold, or no longer.
        measures: Every score that the runs are to have or have, by name, as their logs describe its metric.
        held: What holds a run whose Job is not created yet, by run id: a submission that waits for room.
        scorecards: Scorecards as listed, by run id.
        listed: Every object of the experiment, from one listing.
        logged: Descriptions of metrics from the logs.
        scored: Names of the scores that some epoch has.
    """

    rows: Sequence[Mapping[str, Any]]
    tables: Sequence[tuple[Mapping[str, Any], RunTable]]
    problems: list[Problem]
    others: Sequence[str]
    measures: Measures
    held: Mapping[str, str]
    scorecards: Mapping[str, Stat]
    listed: Sequence[Stat]
    logged: Mapping[str, MetricInfo]
    scored: Sequence[str]


@dataclass(slots=True)
class _Times:
    """What the listing alone shows about a run, in seconds since the epoch."""

    last_written: float = math.nan
    cancelled_at: float = math.nan

    def note(self, layout: RunLayout, stat: Stat) -> None:
        if stat.key == layout.cancelled:
            self.cancelled_at = stat.modified
        elif stat.key.startswith((layout.attempts, layout.checkpoints)):
            self.last_written = (
                stat.modified if math.isnan(self.last_written) else max(stat.modified, self.last_written)
            )

    def row(self) -> dict[str, float]:
        """Both by the names of their columns."""
        return {"last_written": self.last_written, "cancelled_at": self.cancelled_at}


@dataclass(slots=True)
class _Listing:
    """The objects of an experiment, by kind."""

    logs_and_results: dict[str, list[Stat]] = field(default_factory=lambda: defaultdict(list))
    scorecards: dict[str, Stat] = field(default_factory=dict)
    waiting: list[Stat] = field(default_factory=list)
    others: dict[str, None] = field(default_factory=dict)
    times: dict[str, _Times] = field(default_factory=lambda: defaultdict(_Times))
    problems: list[Problem] = field(default_factory=list)

    def sort(self, listed: Sequence[Stat], wanted: Mapping[str, RunSpec], url: str) -> None:
        """Sort the objects of a listing."""
        for stat in listed:
            layout = run_of(stat.key)
            if layout is None:
                if is_waiting_submission(stat.key):
                    self.waiting.append(stat)
            elif layout.run_id not in wanted:
                if stat.key == layout.result:
                    self.others[layout.run_id] = None
            else:
                self._sort_of_run(layout, stat, url)

    def _sort_of_run(self, layout: RunLayout, stat: Stat, url: str) -> None:
        self.times[layout.run_id].note(layout, stat)
        if attempt_of(stat.key) or stat.key == layout.result:
            self.logs_and_results[layout.run_id].append(stat)
        elif stat.key == layout.cases:
            self.scorecards[layout.run_id] = stat
        elif misplaced := _misplaced(layout, stat.key):
            self.problems.append(Problem(misplaced, f"{url}/{stat.key}", "move it elsewhere, or delete it"))


def gather(
    store: Store, runs: Sequence[RunSpec], cache: ReadCache | None = None, on_read: OnRead | None = None
) -> Gathered:
    """Read the metric logs and results of an experiment's runs, without pandas and Arrow unless many logs are new.

    Args:
        store: Where they are.
        runs: The runs wanted; all of one experiment.
        cache: Cache of objects read before; by default this user's.
        on_read: Called after each object with the number read and the total.

    Raises:
        StoreError: The store cannot be reached.
    """
    if not runs:
        raise ValueError("there is no run to collect")
    wanted = {run.run_id: run for run in runs}
    listed = list(store.list(experiment_prefix(runs[0].experiment)))
    found = _Listing()
    found.sort(listed, wanted, store.url)
    tables = read_tables(store, wanted, found.logs_and_results, cache, found.problems, on_read)
    of_runs = [(cell_of(run), tables[run.run_id]) for run in runs]
    logged: dict[str, MetricInfo] = {}
    scored: dict[str, None] = {}
    for _, table in of_runs:
        logged |= table.metrics
        scored |= dict.fromkeys(table.scored)
    measures = measures_of(runs, logged, scored)
    no_scores = dict.fromkeys(epoch_measures(measures), math.nan)
    rows = [{**no_scores, **cell, **table.row, **found.times[str(cell["run_id"])].row()} for cell, table in of_runs]
    return Gathered(
        rows=rows,
        tables=of_runs,
        problems=found.problems,
        others=tuple(found.others),
        measures=measures,
        held=held_by_submissions(store, found.waiting, cache or ReadCache.of(store)),
        scorecards=found.scorecards,
        listed=listed,
        logged=logged,
        scored=tuple(scored),
    )


def _misplaced(layout: RunLayout, key: str) -> str:
    """What is wrong with a key that resembles those of logs and results; empty if nothing."""
    if key.startswith(f"{layout.result}/"):
        return "it lies in a folder that has the name of the run's result"
    if key.startswith(f"{layout.cases}/"):
        return "it lies in a folder that has the name of the run's scorecard"
    # What is copied is a hidden file beside its goal until it is whole: rsync does so, and S3 servers that keep objects
    # as files.
    hidden = key.rpartition("/")[2].startswith(".")
    if key.startswith(layout.attempts) and ".jsonl" in key and not hidden:
        return "it lies among the metric logs, and is not named as one"
    return ""
