"""`gridctl logs`: the output of a run, from its pod, or from the store when the pod is gone."""

from __future__ import annotations

import time
from collections.abc import Iterator

from gridctl.commands.lookup.experiments import Found
from gridctl.errors import InputError
from gridctl.executors.capabilities import KeepsLogs
from gridctl.executors.registry import open_executor
from gridctl_trainer.contract.errors import NotFoundError
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Stat, Store

_POLL_S = 1.0
_MAX_BYTES = 512 << 20


def read_logs(found: Found, run: RunSpec, *, follow: bool) -> Iterator[str]:
    """Lines of the newest attempt, without line ends.

    Args:
        found: The run's experiment.
        run: The run.
        follow: Wait for more, also from later attempts, until the run is done or no attempt is left to come.

    Raises:
        InputError: The run has printed nothing yet.
        Fault: The store or the backend cannot be reached.
    """
    printed = False
    executor = open_executor(found.backend, found.experiment, found.store)
    if isinstance(executor, KeepsLogs):
        for line in executor.log_lines(run.run_id, follow=follow):
            printed = True
            yield line
        if printed:
            return
    for line in _from_store(found, run, follow=follow and not isinstance(executor, KeepsLogs)):
        printed = True
        yield line
    if not printed:
        raise InputError("it has printed nothing yet", where=run.run_id, fix=_why(found, run))


def _from_store(found: Found, run: RunSpec, *, follow: bool) -> Iterator[str]:
    """The trainer stores its log after each epoch and at its end."""
    layout = RunLayout(run.experiment, run.run_id)
    key, shown = "", 0
    while True:
        over = not follow or found.store.exists(layout.result) or not _is_active(found, run)
        newest = _newest_log(found.store, layout)
        if newest is not None and newest.key != key:
            key, shown = newest.key, 0
        lines = _lines(found.store, key) if key else []
        yield from lines[shown:]
        shown = len(lines)
        if over:
            return
        time.sleep(_POLL_S)


def _newest_log(store: Store, layout: RunLayout) -> Stat | None:
    logs = [stat for stat in store.list(layout.attempts) if stat.key.endswith(".log")]
    return max(
        logs, key=lambda stat: (stat.key.rpartition("/")[2].partition("-")[0].zfill(9), stat.modified), default=None
    )


def _lines(store: Store, key: str) -> list[str]:
    try:
        return store.get(key, _MAX_BYTES).data.decode(errors="replace").splitlines()
    except NotFoundError:
        return []


def _is_active(found: Found, run: RunSpec) -> bool:
    activity = open_executor(found.backend, found.experiment, found.store).observe(run.experiment).get(run.run_id)
    return activity is not None and activity.active


def _why(found: Found, run: RunSpec) -> str:
    activity = open_executor(found.backend, found.experiment, found.store).observe(run.experiment).get(run.run_id)
    if activity is None:
        return "it was not started: the same submit command starts it"
    if activity.in_submission:
        return f"it is queued {activity.reason}".rstrip()
    return activity.reason or "look again in a minute"
