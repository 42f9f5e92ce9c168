"""Store -> tables: one row per run, one per epoch, one per patient of a run, one per score of a case."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from gridctl.collection.columns import EPOCH_COLUMNS, FUNCTION_COLUMNS, RUN_COLUMNS
from gridctl.collection.gathered import Gathered, gather
from gridctl.collection.read_cache import ReadCache
from gridctl.collection.run_objects import OnRead
from gridctl.collection.run_table import RunTable, joined_epochs
from gridctl.collection.scorecards.cases import no_cases, read_all_cases
from gridctl.experiment.scores.measures import Measures, epoch_measures, measures_of
from gridctl_trainer.contract.errors import Problem
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

    @property
    def rows(self) -> Sequence[Mapping[Any, Any]]:
        """Those of `runs`."""
        return self.runs.to_dict("records")


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
    found = gather(store, runs, cache, on_read)
    if cases:
        done = {str(row["run_id"]) for row in found.rows if row["finished"]} & found.scorecards.keys()
        of_done = [(run, found.scorecards[run.run_id]) for run in runs if run.run_id in done]
        checkpoints = () if cases is True else tuple(cases)
        read = read_all_cases(store, of_done, found.problems, on_read, cache, checkpoints)
        scored = dict.fromkeys(found.scored) | dict.fromkeys(read.scored)
        found = replace(found, measures=measures_of(runs, {**found.logged, **read.metrics}, scored))
        return as_tables(found, read.rows)
    return as_tables(found)


def as_tables(found: Gathered, cases: pd.DataFrame | None = None) -> Collected:
    """What was gathered, as tables.

    Args:
        found: Rows.
        cases: Scores of cases, if they were read.
    """
    measures = found.measures
    of_scores = dict.fromkeys(epoch_measures(measures), "float64")
    return Collected(
        runs=_frame(found.rows, RUN_COLUMNS | of_scores),
        epochs=pd.DataFrame(joined_epochs(found.tables, EPOCH_COLUMNS | of_scores)).astype(EPOCH_COLUMNS | of_scores),
        problems=found.problems,
        others=found.others,
        function=_frame(_patients(found.tables), FUNCTION_COLUMNS),
        measures=measures,
        held=found.held,
        cases=no_cases() if cases is None else cases,
        listed=found.listed,
    )


def _patients(tables: Iterable[tuple[Mapping[str, Any], RunTable]]) -> Iterator[Mapping[str, Any]]:
    for cell, table in tables:
        for patient in table.function:
            yield {**cell, **patient}


def _frame(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns)).astype(dict(columns))
