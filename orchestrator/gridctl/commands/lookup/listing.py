"""`gridctl list`: the experiments, and how far they are."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from gridctl.commands.lookup.experiments import GoneExperimentError, stored_experiment
from gridctl.errors import Fault
from gridctl.submissions.submitted_experiments import Submissions
from gridctl_trainer.contract import layout
from gridctl_trainer.contract.location import read_location
from gridctl_trainer.contract.secrets import masked
from gridctl_trainer.storage.base import Stat, Store, open_store


@dataclass(frozen=True, slots=True)
class Listed:
    """One experiment.

    Attributes:
        is_last: Whether commands without a name are about it.
        backend: Where its runs execute; empty if its store cannot be read.
        submitted_at: Seconds since the epoch: when it was last submitted from this folder, else when the store got
            its present file; None if unknown.
        runs, done: In its grid, and finished; None if its store cannot be read.
        problem: Why not; empty if it can.
        gone: Whether its store holds it no longer.
    """

    experiment: str
    store: str
    is_last: bool
    submitted_at: float | None
    backend: str = ""
    runs: int | None = None
    done: int | None = None
    problem: str = ""
    gone: bool = False

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


def submitted_experiments() -> list[Listed]:
    """Experiments submitted from this folder, newest first. A store that fails affects only its own lines.

    An experiment that is gone from its store is never the default of commands without a name.

    Raises:
        InputError: The folder's record is damaged.
    """
    submissions = Submissions.read()
    found = []
    for item in submissions.newest_first():
        try:
            store = open_store(item.store)
            stats = list(store.list(layout.experiment_prefix(item.name)))
        except Fault as fault:
            found.append(_listed(item.name, item.store, submissions, problem=_first(fault)))
        else:
            found.append(_read(item.name, store, stats, submissions))
    meant = next((listed.experiment for listed in found if not listed.gone), None)
    return [dataclasses.replace(listed, is_last=listed.experiment == meant) for listed in found]


def experiments_in(url: str) -> list[Listed]:
    """All experiments of a store, by name: one listing, however many there are.

    Raises:
        StoreError: It cannot be reached.
    """
    read_location(url, "--store")
    store, submissions = open_store(url), Submissions.read()
    stats: dict[str, list[Stat]] = defaultdict(list)
    for stat in store.list():
        stats[stat.key.partition("/")[0]].append(stat)
    names = (name for name in sorted(stats) if any(stat.key == layout.experiment_yaml(name) for stat in stats[name]))
    return [_read(name, store, stats[name], submissions) for name in names]


def _read(name: str, store: Store, stats: Collection[Stat], submissions: Submissions) -> Listed:
    when = _stored_at(name, stats)
    try:
        experiment = stored_experiment(store, name)
    except GoneExperimentError:
        return _listed(name, store.url, submissions, gone=True)
    except Fault as fault:
        return _listed(name, store.url, submissions, when, problem=_first(fault))
    results = {layout.RunLayout(name, run.run_id).result for run in experiment.runs}
    counts = {"runs": len(results), "done": len(results.intersection(stat.key for stat in stats))}
    return _listed(name, store.url, submissions, when, backend=experiment.backend, **counts)


def _stored_at(name: str, stats: Collection[Stat]) -> float | None:
    """When the newest submission that changed anything was noted in the store, else when its file was written there."""
    events = (layout.event_of(stat.key) for stat in stats)
    submitted = [event[1].timestamp() for event in events if event is not None and event[0] == "submit"]
    return max(submitted or (stat.modified for stat in stats if stat.key == layout.experiment_yaml(name)), default=None)


def _listed(name: str, store: str, submissions: Submissions, stored_at: float | None = None, **known: Any) -> Listed:
    submission = submissions.experiments.get(name)
    here = submission is not None and submission.store == store
    submitted_at = submission.submitted_at if submission is not None and here else stored_at
    return Listed(name, masked(store), here and name == submissions.last, submitted_at, **known)


def _first(fault: Fault) -> str:
    return fault.problems[0].what
