"""Store -> tables: one row per run, one per epoch, one per patient of a run, one per score of a case."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from gridctl.collection.cases import no_cases, read_all_cases
from gridctl.collection.columns import EPOCH_COLUMNS, FUNCTION_COLUMNS, RUN_COLUMNS
from gridctl.collection.read_cache import ReadCache
from gridctl.collection.rows import cell_of
from gridctl.collection.run_objects import OnRead
from gridctl.collection.run_table import joined_epochs
from gridctl.collection.run_tables import read_tables
from gridctl.collection.waiting_submission import held_by_submissions
from gridctl.experiment.scores.measures import Measures, epoch_measures, measures_of
from gridctl_trainer.contract.errors import Problem
from gridctl_trainer.contract.layout import RunLayout, attempt_of, experiment_prefix, is_waiting_submission, run_of
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Stat, Store


@dataclass(frozen=True, slots=True)
class Collected:
    """What the store holds of an experiment.

    Attributes:
        runs: One row per wanted run, in the order of the grid; columns as `RUN_COLUMNS`, and one for each score that
            epochs have, such as `validation.soft_dice.left_ventricle`: that of the latest epoch.
        epochs: One row per epoch of them; columns as `EPOCH_COLUMNS`, and one for each score; NaN where it has none.
        problems: Objects that could not be read, and what is wrong with them.
        others: Finished runs in the store that the grid does not hold, or no longer.
        function: One row per patient of each finished run; columns as `FUNCTION_COLUMNS`.
        measures: Every score that the runs are to have or have, by name, as their logs describe its metric.
        held: What holds a run whose Job is not created yet, by run id: a submission that waits for room.
        cases: One row per metric of each case of the finished runs; columns as `CASE_COLUMNS`. Empty unless it was
            asked for.
        listed: Every object of the experiment, as the one listing says.
    """

    runs: pd.DataFrame
    epochs: pd.DataFrame
    problems: Sequence[Problem]
    others: Sequence[str]
    function: pd.DataFrame = field(default_factory=lambda: _frame([], FUNCTION_COLUMNS))
    measures: Measures = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    cases: pd.DataFrame = field(default_factory=no_cases)
    listed: Sequence[Stat] = ()


@dataclass(slots=True)
class _Times:
    """What the listing alone tells of a run, in seconds since the epoch."""

    last_written: float = math.nan
    cancelled_at: float = math.nan

    def note(self, layout: RunLayout, stat: Stat) -> None:
        if stat.key == layout.cancelled:
            self.cancelled_at = stat.modified
        elif stat.key.startswith((layout.attempts, layout.checkpoints)):
            self.last_written = (
                stat.modified if math.isnan(self.last_written) else max(stat.modified, self.last_written)
            )


def collect(
    store: Store,
    runs: Sequence[RunSpec],
    cache: ReadCache | None = None,
    on_read: OnRead | None = None,
    *,
    cases: bool | Collection[str] = False,
) -> Collected:
    """Read the metric logs and results of an experiment's runs.

    One listing says what there is; objects are then read many at a time, and only those of
    runs that changed since they were last read on this machine. A damaged
    object is a problem of its run, not the end of the collection.

    Args:
        store: Where they are.
        runs: Those wanted; all of one experiment.
        cache: Of objects read before; by default this user's.
        on_read: Called after each object with how many are read, and of how many.
        cases: Read every case's scores too: a table that is much larger than all others. Names of checkpoints read
            those of these alone.

    Raises:
        StoreError: The store cannot be reached.
    """
    if not runs:
        raise ValueError("there is no run to collect")
    wanted = {run.run_id: run for run in runs}
    chosen: dict[str, list[Stat]] = defaultdict(list)
    problems: list[Problem] = []
    others: dict[str, None] = {}
    times: dict[str, _Times] = defaultdict(_Times)
    waiting: list[Stat] = []
    scorecards: dict[str, Stat] = {}
    listed = list(store.list(experiment_prefix(runs[0].experiment)))
    for stat in listed:
        layout = run_of(stat.key)
        if layout is None:
            if is_waiting_submission(stat.key):
                waiting.append(stat)
            continue
        if layout.run_id not in wanted:
            if stat.key == layout.result:
                others[layout.run_id] = None
            continue
        times[layout.run_id].note(layout, stat)
        if attempt_of(stat.key) or stat.key == layout.result:
            chosen[layout.run_id].append(stat)
        elif stat.key == layout.cases:
            scorecards[layout.run_id] = stat
        elif misplaced := _misplaced(layout, stat.key):
            problems.append(Problem(misplaced, f"{store.url}/{stat.key}", "move it elsewhere, or delete it"))
    tables = read_tables(store, wanted, chosen, cache, problems, on_read)
    run_rows, function_rows, of_runs = [], [], []
    logged: dict[str, MetricInfo] = {}
    scored: dict[str, None] = {}
    for run in runs:
        table_of_run = tables[run.run_id]
        cell = cell_of(run)
        logged |= table_of_run.metrics
        scored |= dict.fromkeys(table_of_run.scored)
        run_rows.append(cell | dict(table_of_run.row) | asdict(times[run.run_id]))
        function_rows += [cell | dict(patient) for patient in table_of_run.function]
        of_runs.append((cell, table_of_run))
    table = no_cases()
    if cases:
        done = {str(row["run_id"]) for row in run_rows if row["finished"]}
        of_done = [(run, scorecards[run.run_id]) for run in runs if run.run_id in done and run.run_id in scorecards]
        checkpoints = () if cases is True else tuple(cases)
        found = read_all_cases(store, of_done, problems, on_read, cache, checkpoints)
        table, logged, scored = found.rows, {**logged, **found.metrics}, scored | dict.fromkeys(found.scored)
    measures = measures_of(runs, logged, scored)
    of_scores = dict.fromkeys(epoch_measures(measures), "float64")
    return Collected(
        runs=_frame(run_rows, RUN_COLUMNS | of_scores),
        epochs=pd.DataFrame(joined_epochs(of_runs, EPOCH_COLUMNS | of_scores)).astype(EPOCH_COLUMNS | of_scores),
        problems=problems,
        others=tuple(others),
        function=_frame(function_rows, FUNCTION_COLUMNS),
        measures=measures,
        held=held_by_submissions(store, waiting, cache or ReadCache.of(store)),
        cases=table,
        listed=listed,
    )


def _misplaced(layout: RunLayout, key: str) -> str:
    """What is wrong with a key that is near those of logs and results; empty if nothing."""
    if key.startswith(f"{layout.result}/"):
        return "it lies in a folder that has the name of the run's result"
    if key.startswith(f"{layout.cases}/"):
        return "it lies in a folder that has the name of the run's scorecard"
    if key.startswith(layout.attempts) and ".jsonl" in key:
        return "it lies among the metric logs, and is not named as one"
    return ""


def _frame(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns)).astype(dict(columns))
