"""`gridctl plan`: what an experiment will cost, and how many seeds its effect needs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridctl.analysis.statistics.smallest_p import pairs_for_exact
from gridctl.analysis.wording import LEVEL
from gridctl.collection.gathered import Gathered
from gridctl.collection.specifications import StoredSpecifications
from gridctl.commands.collecting import collect_with_bar
from gridctl.commands.lookup.experiments import find_experiment
from gridctl.commands.planning.epoch_times import OtherRuns, measured_elsewhere
from gridctl.executors.capabilities import CountsGpus, KnowsRunsAtOnce
from gridctl.executors.registry import executor_class
from gridctl.experiment import Experiment, load_experiment
from gridctl.terminal.eta import RunPace, eta_seconds, longest_seconds, remaining_seconds
from gridctl_trainer.storage.base import open_store

if TYPE_CHECKING:
    from gridctl.collection.collect import Collected
    from gridctl.commands.planning.needs import Need


@dataclass(frozen=True, slots=True)
class Cost:
    """What one cell (model, train ratio, ablation) still costs.

    Attributes:
        runs, runs_left: Of the grid, and those not finished.
        epochs_left: Epochs of those that are left to train.
        seconds_per_epoch: Median measured here, else in the same cell of other grids, else the model's mean elsewhere;
            None if it never trained.
        measured: Whether it was measured in this cell.
        gpu_hours: What is left, in GPU-hours; None if unknown.
    """

    model: str
    train_ratio: float
    ablation: str
    runs: int
    runs_left: int
    epochs_left: int
    seconds_per_epoch: float | None
    measured: bool
    gpu_hours: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an experiment will cost, and what its size can show.

    Attributes:
        gpus: How many a run asks for; 0 if it trains on CPUs, and hours are then core-hours.
        at_once: Runs that train at a time; None if unknown.
        hours: Training time that is left, one run at a time; None if some speed is unknown.
        eta_seconds: Time left with `at_once` runs at a time; None if unknown.
        unmeasured: Models of which no epoch was measured.
        exact_seeds: Fewest seeds with which an exact test can reach 0.05.
        first_seed: The first seed of the grid.
        problems: What could not be read, so that it is not counted as done.
        other_runs: Finished runs outside the grid whose epochs stand for those that it has not measured.
        other_fields: Fields with other values in those, such as `training.epochs`.
        other_devices: Devices that those trained on.
    """

    experiment: str
    gpus: int
    at_once: int | None
    runs: int
    runs_left: int
    hours: float | None
    gpu_hours: float | None
    eta_seconds: float | None
    unmeasured: Sequence[str]
    cells: Sequence[Cost]
    needs: Sequence[Need]
    exact_seeds: int
    first_seed: int
    problems: Sequence[str] = ()
    other_runs: int = 0
    other_fields: Sequence[str] = ()
    other_devices: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


def make_plan(given: str | None, overrides: Sequence[str], store_url: str | None, at_once: int | None) -> Estimate:
    """Estimate an experiment that was submitted, or a file that was not yet.

    Args:
        given: File, name, or None for the one last submitted from this folder.
        overrides: `path=value`, for a file.
        store_url: Its store, instead of the file's or that submitted to.
        at_once: Runs that train at a time; None lets the executor say.

    Raises:
        InputError: There is no such experiment.
        StoreError: Its store cannot be reached.
    """
    from gridctl.analysis.compared_scores import compares_cases

    if given is not None and Path(given).is_file():
        experiment = load_experiment(Path(given), overrides, store=store_url)
        store = open_store(experiment.store)
    else:
        found = find_experiment(given, store_url)
        experiment, store = found.experiment, found.store
    collected = collect_with_bar(store, experiment.runs, cases=compares_cases(experiment))
    stored = StoredSpecifications(store, experiment.name)
    return estimate(experiment, collected, at_once, measured_elsewhere(store, experiment, collected, stored))


def estimate(
    experiment: Experiment,
    collected: Collected | Gathered,
    at_once: int | None = None,
    others: OtherRuns | None = None,
    *,
    with_needs: bool = True,
) -> Estimate:
    """Cost of what is left, and seeds that the declared effect needs.

    Args:
        experiment: Its grid and what it compares.
        collected: What was measured of it so far.
        at_once: Runs that train at a time; None lets the executor say.
        others: Epochs measured in runs outside the grid, for cells in which none was.
        with_needs: Whether the needs are asked for, which imports all of the statistics.
    """
    others = others or OtherRuns()
    rows = {str(row["run_id"]): row for row in collected.rows}
    paces = [_pace(run, rows[run.run_id]) for run in experiment.runs]
    executor = executor_class(experiment.backend, experiment)
    gpus = executor.gpus_per_run(experiment) if isinstance(executor, CountsGpus) else _gpus_used(collected, others)
    usual = executor.runs_at_once(experiment) if isinstance(executor, KnowsRunsAtOnce) else None
    width = at_once or usual  # on a cluster its queue decides
    cells = list(_costs(paces, others.paces, max(1, gpus)))
    known = [cost.gpu_hours for cost in cells if cost.gpu_hours is not None]
    hours = sum(known) / max(1, gpus) if len(known) == len(cells) else None
    left = sum(cost.runs_left for cost in cells)
    together = min(width, left) if width and left else width
    return Estimate(
        experiment=experiment.name,
        gpus=gpus,
        at_once=width,
        runs=len(experiment.runs),
        runs_left=left,
        hours=hours,
        gpu_hours=hours * gpus if hours is not None else None,
        eta_seconds=_eta([*paces, *others.paces], together),
        unmeasured=sorted({cost.model for cost in cells if cost.seconds_per_epoch is None}),
        cells=cells,
        needs=_needs(experiment, collected) if with_needs else (),
        exact_seeds=pairs_for_exact(LEVEL),
        first_seed=experiment.seeds[0],
        problems=[str(problem) for problem in collected.problems],
        other_runs=others.runs,
        other_fields=others.fields,
        other_devices=others.devices,
    )


def _pace(run: Any, row: Mapping[Any, Any]) -> RunPace:
    done = run.training.epochs if row["finished"] else int(row["epochs_done"])
    seconds = float(row["seconds_per_epoch"])
    known = seconds if math.isfinite(seconds) else None
    return RunPace((run.model, run.train_ratio, run.ablation), run.training.epochs, done, known)


def _eta(paces: Sequence[RunPace], at_once: int | None) -> float | None:
    """A run cannot be split: what is left takes at least as long as the longest run."""
    if not at_once:
        return None
    whole = eta_seconds(paces, at_once)
    return None if whole is None else max(whole, longest_seconds(paces))


def _costs(paces: Sequence[RunPace], others: Sequence[RunPace], gpus: int) -> Iterator[Cost]:
    remaining = remaining_seconds([*paces, *others])
    by_cell: dict[tuple[str, float, str], list[RunPace]] = {}
    for pace in paces:
        by_cell.setdefault(pace.cell, []).append(pace)
    for cell, members in by_cell.items():
        epochs = sum(pace.remaining for pace in members)
        seconds = remaining[cell]
        here = [pace.seconds_per_epoch for pace in members if pace.seconds_per_epoch is not None]
        one = sum(here) / len(here) if here else seconds / epochs if seconds and epochs else None
        yield Cost(
            *cell,
            runs=len(members),
            runs_left=sum(pace.remaining > 0 for pace in members),
            epochs_left=epochs,
            seconds_per_epoch=one,
            measured=bool(here),
            gpu_hours=seconds * gpus / 3600 if seconds is not None else None,
        )


def _needs(experiment: Experiment, collected: Collected | Gathered) -> Sequence[Need]:
    from gridctl.collection.collect import as_tables
    from gridctl.commands.planning.needs import needs

    return list(needs(experiment, as_tables(collected) if isinstance(collected, Gathered) else collected))


def _gpus_used(collected: Collected | Gathered, others: OtherRuns) -> int:
    return int(others.on_gpu or any(str(row["device"]).startswith("cuda") for row in collected.rows))
