"""Times of an epoch from stored runs outside the grid, for cells in which the grid has measured none."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gridctl.collection.gathered import Gathered, gather
from gridctl.collection.specifications import StoredSpecifications, flat
from gridctl.executors.capabilities import CountsGpus
from gridctl.executors.registry import executor_class
from gridctl.experiment import Experiment
from gridctl.terminal.eta import RunPace
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store

if TYPE_CHECKING:
    from gridctl.collection.collect import Collected

_AS_LONG: Final = (
    "seed",
    "training.epochs",
    "training.learning_rate",
    "training.on_nonfinite",
    "training.checkpoint_every_epochs",
    "training.checkpoint_keep_last",
    "training.checkpoint_keep_every_epochs",
    "training.checkpoint_keep_best",
    "training.store_outage_minutes",
    "training.spool_mib",
)
"""Fields that do not change the time of an epoch."""

_NAMES: Final = ("schema_version", "experiment", "model", "ablation", "train_ratio")

_IN_WORDS: Final = {"seed": "seeds", "train_ratio": "train ratios", "model": "models", "ablation": "ablations"}

_MOST_RUNS: Final = 5
"""Runs per cell whose logs are read: more hardly improve the mean."""


@dataclass(frozen=True, slots=True)
class OtherRuns:
    """Runs outside the grid whose epochs take as long as its own.

    Attributes:
        paces: The pace of each, as a finished run of a cell of the grid's model.
        runs: How many they are.
        fields: Fields with other values in them, such as `training.epochs`.
        devices: What they trained on, each once.
        on_gpu: Whether any trained on a GPU.
    """

    paces: Sequence[RunPace] = ()
    runs: int = 0
    fields: Sequence[str] = ()
    devices: Sequence[str] = ()
    on_gpu: bool = False


def measured_elsewhere(
    store: Store, experiment: Experiment, collected: Collected | Gathered, stored: StoredSpecifications
) -> OtherRuns:
    """Times per epoch of finished runs outside the grid, for cells in which none was measured.

    Only runs count that agree in everything that the time depends on: model, data, batch sizes, threads. On a
    cluster they must also have trained on what its pods ask for, a GPU or none.

    Args:
        store: Where they are.
        experiment: What is to be trained.
        collected: What the store holds of it.
        stored: Its specifications.

    Raises:
        StoreError: The store cannot be reached.
    """
    unmeasured = _unmeasured(experiment, collected)
    if not unmeasured or not collected.others:
        return OtherRuns()
    cells: dict[tuple[Any, ...], set[tuple[str, str]]] = defaultdict(set)
    for run in unmeasured:
        cells[_key(run)].add((run.model, run.ablation))
    by_cell: dict[tuple[Any, ...], list[RunSpec]] = defaultdict(list)
    for spec in stored.read(collected.others):
        if (key := _key(spec)) in cells:
            by_cell[*key, spec.train_ratio].append(spec)
    chosen = [spec for found in by_cell.values() for spec in found[:_MOST_RUNS]]
    if not chosen:
        return OtherRuns()
    measured = _measured(store, chosen, experiment)
    used = [spec for spec in chosen if spec.run_id in measured]
    rows = [measured[spec.run_id] for spec in used]
    return OtherRuns(
        paces=[
            RunPace((model, spec.train_ratio, ablation), 1, 1, float(measured[spec.run_id]["seconds_per_epoch"]))
            for spec in used
            for model, ablation in sorted(cells[_key(spec)])
        ],
        runs=len(used),
        fields=_differing(used, experiment.runs),
        devices=sorted({str(row["device_name"] or row["device"]) for row in rows}),
        on_gpu=any(_on_gpu(row) for row in rows),
    )


def _unmeasured(experiment: Experiment, collected: Collected | Gathered) -> list[RunSpec]:
    """Runs to train of those cells of the grid in which no epoch was measured."""
    rows = {str(row["run_id"]): row for row in collected.rows}
    known = {_cell(run) for run in experiment.runs if math.isfinite(float(rows[run.run_id]["seconds_per_epoch"]))}
    return [run for run in experiment.runs if _cell(run) not in known]


def _measured(store: Store, specs: Sequence[RunSpec], experiment: Experiment) -> dict[str, Mapping[Any, Any]]:
    """Rows by run id of the runs that trained on the requested kind of device."""
    rows = gather(store, specs).rows
    timed = [row for row in rows if math.isfinite(float(row["seconds_per_epoch"]))]
    executor = executor_class(experiment.backend, experiment)
    if isinstance(executor, CountsGpus):
        on_gpu = executor.gpus_per_run(experiment) > 0
        timed = [row for row in timed if _on_gpu(row) == on_gpu]
    return {str(row["run_id"]): row for row in timed}


def _on_gpu(row: Mapping[Any, Any]) -> bool:
    return str(row["device"]).startswith("cuda")


def _cell(run: RunSpec) -> tuple[str, float, str]:
    return run.model, run.train_ratio, run.ablation


def _key(run: RunSpec) -> tuple[Any, ...]:
    """Everything that the time of an epoch depends on, except the number of images."""
    values = flat(run.model_dump(mode="json"))
    return tuple((path, repr(value)) for path, value in values if path not in (*_NAMES, *_AS_LONG))


def _differing(used: Iterable[RunSpec], wanted: Sequence[RunSpec]) -> list[str]:
    """Fields in which these runs have values that no run of the grid has."""
    grid: dict[str, set[str]] = defaultdict(set)
    for run in wanted:
        for path, value in flat(run.model_dump(mode="json")):
            grid[path].add(repr(value))
    found: dict[str, None] = {}
    for spec in used:
        for path, value in flat(spec.model_dump(mode="json")):
            if repr(value) not in grid[path]:
                found[path] = None
    return [_IN_WORDS.get(path, path) for path in found]
