"""`gridctl delete`: removes Jobs and objects of an experiment, or of some of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gridctl.commands.lookup.experiments import Found
from gridctl.errors import InputError
from gridctl.executors.capabilities import Forgets
from gridctl.executors.registry import open_executor
from gridctl_trainer.contract import layout
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import delete_all


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a deletion would remove.

    Attributes:
        run_ids: The runs; None for the whole experiment.
        keys: Objects of the store.
        size_bytes: All of them together.
        done: Runs among them that are finished.
        active: Runs among them that are being trained.
    """

    run_ids: tuple[str, ...] | None
    keys: tuple[str, ...]
    size_bytes: int
    done: int
    active: tuple[str, ...]


def prepare_deletion(found: Found, runs: Sequence[RunSpec] | None = None) -> Deletion:
    """Find what there is to delete; nothing is deleted yet.

    Args:
        found: The experiment.
        runs: Some of its runs; None for everything that it ever had.

    Raises:
        InputError: Some of it is being trained, and only `cancel` can end that.
        Fault: The store or the backend cannot be reached.
    """
    name = found.experiment.name
    if runs is None:
        prefixes = [layout.experiment_prefix(name)]
    else:
        prefixes = [layout.RunLayout(name, run.run_id).prefix for run in runs]
    stats = [stat for prefix in prefixes for stat in found.store.list(prefix)]
    wanted = None if runs is None else tuple(run.run_id for run in runs)
    executor = open_executor(found.backend, found.experiment, found.store)
    activity = executor.observe(name)
    active = tuple(
        run_id for run_id, known in activity.items() if known.active and (wanted is None or run_id in wanted)
    )
    if active and not isinstance(executor, Forgets):
        raise InputError(f"{active[0]} is being trained", where=name, fix=f"gridctl cancel {name}, then delete")
    return Deletion(
        run_ids=wanted,
        keys=tuple(stat.key for stat in stats),
        size_bytes=sum(stat.size_bytes for stat in stats),
        done=sum(1 for stat in stats if stat.key.endswith("/result.json")),
        active=active,
    )


def delete(found: Found, deletion: Deletion) -> None:
    """Delete the Jobs first and, when no pod is left that could write, the objects.

    Raises:
        Fault: The store or the backend failed; calling again completes it.
    """
    executor = open_executor(found.backend, found.experiment, found.store)
    if isinstance(executor, Forgets):
        executor.forget(deletion.run_ids)
    name = found.experiment.name
    prefixes = (
        [layout.experiment_prefix(name)]
        if deletion.run_ids is None
        else [layout.RunLayout(name, run_id).prefix for run_id in deletion.run_ids]
    )
    keys = [stat.key for prefix in prefixes for stat in found.store.list(prefix)]
    # Results first: an interrupted deletion leaves no run that looks finished but is incomplete.
    # The experiment file last: until then the same command finds it and goes on.
    last = layout.experiment_yaml(name)
    results = [key for key in keys if key.endswith("/result.json")]
    others = [key for key in keys if not key.endswith("/result.json") and key != last]
    for some in (results, others):
        delete_all(found.store, some, found.experiment.uploads_at_once)
    if last in keys:
        found.store.delete(last)
