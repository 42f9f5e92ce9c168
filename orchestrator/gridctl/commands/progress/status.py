"""`gridctl status`: how far all runs are, and why some wait."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from gridctl.collection.gathered import gather
from gridctl.collection.outside_grid import outside_grid
from gridctl.collection.specifications import StoredSpecifications
from gridctl.commands.collecting import gather_with_bar
from gridctl.commands.lookup.experiments import Found
from gridctl.commands.progress.silent_starts import explain_silent_starts
from gridctl.commands.progress.states import machine_of, run_standings
from gridctl.executors.base import Activity, Executor
from gridctl.executors.capabilities import CountsGpus
from gridctl.executors.registry import open_executor
from gridctl.experiment.scores.measures import epoch_measures, primary_measures
from gridctl.runs.shared_cause import Ended, SharedCause, shared_cause
from gridctl.runs.standing import Standing
from gridctl.runs.state import ACTIVE, TO_SUBMIT, RunState
from gridctl.terminal.eta import RunPace, eta_seconds, remaining_seconds
from gridctl_trainer.contract.spec import SCHEMA_VERSION, RunSpec
from gridctl_trainer.host.background import Background

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class RunStatus:
    """One run.

    Attributes:
        state: One of `RunState`.
        epochs, epochs_done: How many it is to train, and how many are in its metric log.
        attempts: How many attempts there were so far.
        interruptions: How many of them were stopped, preempted or killed before their end.
        gpu_hours: GPU time of all attempts together.
        scores: After its latest epoch, by name, such as `validation.soft_dice.left_ventricle`; none before the first.
        reason: Why it waits, stalls, failed or ended early; empty if there is nothing to say.
    """

    run_id: str
    model: str
    train_ratio: float
    ablation: str
    seed: int
    state: str
    epochs: int
    epochs_done: int
    attempts: int
    interruptions: int
    gpu_hours: float
    scores: Mapping[str, float]
    reason: str
    fold: int | None = None


@dataclass(frozen=True, slots=True)
class CellStatus:
    """All seeds of one (model, train ratio, ablation).

    Attributes:
        states: How many runs are in each state of `RunState`, by its value.
        epochs, epochs_done: Sums over the runs.
        scores: Means over the runs' latest epochs, by name; none before the first.
        remaining_seconds: Training time left, one run at a time; None if unknown.
    """

    model: str
    train_ratio: float
    ablation: str
    states: Mapping[str, int]
    epochs: int
    epochs_done: int
    scores: Mapping[str, float]
    remaining_seconds: float | None


@dataclass(frozen=True, slots=True)
class Status:
    """An experiment.

    Attributes:
        totals: How many runs are in each state of `RunState`, by its value.
        eta_seconds: Until the last run is done, at as many at once as are running now; None if nothing is running, if
            nobody holds some runs that are not done, or if the speed of something is unknown.
        attempts, interruptions, gpu_hours: Sums over the runs.
        shown: Names of the scores that are shown where there is room for one: their mean.
        shown_label: What that is called.
        shared_cause: Why runs failed, if at least the first three did for one reason and none went well.
        problems: What could not be read.
        others: How many finished runs the store has that are not of the grid.
        outside: Why they are outside the grid.
        earlier_version: Whether an earlier version of gridctl named its runs: they are not trained any more.
    """

    experiment: str
    store: str
    backend: str
    totals: Mapping[str, int]
    eta_seconds: float | None
    attempts: int
    interruptions: int
    gpu_hours: float
    cells: Sequence[CellStatus]
    runs: Sequence[RunStatus]
    shared_cause: SharedCause | None
    problems: Sequence[str]
    shown: Sequence[str] = ()
    shown_label: str = ""
    others: int = 0
    outside: str = ""
    earlier_version: bool = False

    def runs_table(self) -> pd.DataFrame:
        """A row per run; columns as `RunStatus`."""
        import pandas as pd

        return pd.DataFrame([asdict(run) for run in self.runs], columns=[field.name for field in fields(RunStatus)])

    def cells_table(self) -> pd.DataFrame:
        """A row per model, train ratio and ablation; columns as `CellStatus`."""
        import pandas as pd

        return pd.DataFrame([asdict(cell) for cell in self.cells], columns=[field.name for field in fields(CellStatus)])

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        cells = [_flat(asdict(cell)) for cell in self.cells]
        return asdict(self) | {"cells": cells}


def read_status(
    found: Found, activity: Mapping[str, Activity] | None = None, executor: Executor | None = None
) -> Status:
    """Where every run of an experiment stands.

    Args:
        found: The experiment.
        activity: What its executor knows, by run id, if it was asked already.
        executor: Its executor, if it is open already.

    Raises:
        Fault: The store or the backend cannot be reached.
    """
    experiment = found.experiment
    once = activity is None  # `--watch` asks every second, and it is the same each time
    reads = gather_with_bar if once and executor is None else gather
    executor = executor or open_executor(found.backend, experiment, found.store)
    observed = Background(lambda: executor.observe(experiment.name) if activity is None else activity)
    collected = reads(found.store, experiment.runs)
    activity = observed.result()
    standings = run_standings(collected, activity, here=machine_of(found.backend), experiment=experiment.name)
    rows = {str(row["run_id"]): row for row in collected.rows}
    stored = StoredSpecifications(found.store, experiment.name)
    standings = explain_silent_starts(standings, rows, activity, executor)
    names, primary = list(epoch_measures(collected.measures)), primary_measures(collected.measures)
    gpus = executor.gpus_per_run(experiment) if isinstance(executor, CountsGpus) else None
    runs = [_run_status(run, rows[run.run_id], standings[run.run_id], gpus, names) for run in experiment.runs]
    paces = [_pace(run, rows[run.run_id]) for run in experiment.runs]
    running = sum(1 for run in runs if run.state == RunState.RUNNING)
    unheld = any(run.state in TO_SUBMIT for run in runs)
    waited_for = [pace for pace, run in zip(paces, runs, strict=True) if run.state in ACTIVE]
    return Status(
        experiment=experiment.name,
        store=found.store.url,
        backend=found.backend,
        totals={state.value: sum(1 for run in runs if run.state == state) for state in RunState},
        eta_seconds=eta_seconds(waited_for, running) if running and not unheld else None,
        attempts=sum(run.attempts for run in runs),
        interruptions=sum(run.interruptions for run in runs),
        gpu_hours=round(sum(run.gpu_hours for run in runs), 3),
        cells=_cells(runs, remaining_seconds(paces)),
        runs=runs,
        shared_cause=_shared_cause(runs),
        problems=[str(problem) for problem in collected.problems],
        shown=[measure.name for measure in primary],
        shown_label=primary[0].metric_label if primary else "",
        others=len(collected.others),
        outside=outside_grid(stored, experiment.runs, collected.others) if once else "",
        earlier_version=any(run.schema_version != SCHEMA_VERSION for run in experiment.runs),
    )


def _shared_cause(runs: Sequence[RunStatus]) -> SharedCause | None:
    """Why the runs that are over failed, if all for one reason, and none trained an epoch that did not fail."""
    failed = [Ended(run.run_id, run.model, run.reason) for run in runs if run.state == RunState.FAILED and run.reason]
    trains = [Ended(run.run_id, run.model) for run in runs if run.state != RunState.FAILED and run.epochs_done]
    return shared_cause([*failed, *trains], (run.model for run in runs))


def _run_status(
    run: RunSpec,
    row: Mapping[Any, Any],
    standing: Standing,
    gpus: int | None,
    names: Sequence[str],
) -> RunStatus:
    """One run; `gpus` is how many a pod asked for, None where the log says what was used."""
    if gpus is None:
        gpus = 1 if str(row["device"]).startswith("cuda") else 0
    return RunStatus(
        run_id=run.run_id,
        model=run.model,
        train_ratio=run.train_ratio,
        ablation=run.ablation,
        seed=run.seed,
        fold=run.fold,
        state=standing.state.value,
        epochs=run.training.epochs,
        epochs_done=int(row["epochs_done"]),
        attempts=int(row["attempts"]),
        interruptions=int(row["interruptions"]),
        gpu_hours=round(float(row["busy_seconds"]) * gpus / 3600, 4),
        scores={name: float(row[name]) for name in names if row[name] == row[name]},
        reason=standing.reason,
    )


def _pace(run: RunSpec, row: Mapping[Any, Any]) -> RunPace:
    done = run.training.epochs if row["finished"] else int(row["epochs_done"])
    cell = (run.model, run.train_ratio, run.ablation)
    return RunPace(cell, run.training.epochs, done, _number(row["seconds_per_epoch"]))


def _cells(runs: Sequence[RunStatus], remaining: Mapping[tuple[str, float, str], float | None]) -> list[CellStatus]:
    grouped: dict[tuple[str, float, str], list[RunStatus]] = {}
    for run in runs:
        grouped.setdefault((run.model, run.train_ratio, run.ablation), []).append(run)
    cells = []
    for key, members in grouped.items():
        count = Counter(run.state for run in members)
        names = dict.fromkeys(name for run in members for name in run.scores)
        cells.append(
            CellStatus(
                *key,
                states={state.value: count[state] for state in RunState},
                epochs=sum(run.epochs for run in members),
                epochs_done=sum(run.epochs_done for run in members),
                scores={
                    name: statistics.fmean(run.scores[name] for run in members if name in run.scores) for name in names
                },
                remaining_seconds=remaining[key],
            )
        )
    return cells


def _flat(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell's counts beside its other fields."""
    states: dict[str, int] = cell.pop("states")
    return states | cell


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)
