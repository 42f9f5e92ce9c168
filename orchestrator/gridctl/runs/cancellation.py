"""Cancellations as the store keeps them, so that every backend, machine and waiting submission learns of one."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from gridctl_trainer.contract import layout
from gridctl_trainer.contract.errors import NotFoundError, StoreError
from gridctl_trainer.storage.base import Store, bulk_writer


def note_cancelled(store: Store, experiment: str, run_ids: Sequence[str], at_once: int) -> str:
    """Record in the store that each run was cancelled.

    Args:
        store: Where the runs are.
        experiment: Name of their experiment.
        run_ids: Their ids.
        at_once: How many records are written at a time.

    Returns:
        Why that failed; empty if it did not.
    """
    content, put = _content(), bulk_writer(store)
    try:
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(lambda run_id: put(layout.RunLayout(experiment, run_id).cancelled, content), run_ids))
    except StoreError as error:
        return str(error.problems[0])
    return ""


def end_submissions(store: Store, experiment: str) -> str:
    """Stop submissions that are still creating Jobs of an experiment; returns why that failed."""
    try:
        store.put(layout.experiment_cancelled(experiment), _content())
    except StoreError as error:
        return str(error.problems[0])
    return ""


class CancellationWatch:
    """Whether a whole experiment was cancelled since this was made.

    Args:
        store: Where it is.
        experiment: Its name.
        at_once: How many cancellations of runs are written at a time.

    Raises:
        StoreError: The store failed, so that an earlier cancellation could not be told from a new one.
    """

    def __init__(self, store: Store, experiment: str, at_once: int) -> None:
        self._store = store
        self._at_once = at_once
        self._experiment = experiment
        self._before = self._newest()

    def is_cancelled(self) -> bool:
        """Ask the store; a store that fails counts as "not cancelled"."""
        with contextlib.suppress(StoreError):
            return self._newest() not in (self._before, None)
        return False

    def cancel(self, run_ids: Sequence[str]) -> None:
        """Record it for runs that were about to be started, if the store accepts it."""
        note_cancelled(self._store, self._experiment, run_ids, self._at_once)

    def _newest(self) -> bytes | None:
        try:
            return self._store.get(layout.experiment_cancelled(self._experiment)).data
        except NotFoundError:
            return None


def _content() -> bytes:
    """The time, and a token that distinguishes two cancellations within one second."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"cancelled_at": now, "uid": secrets.token_hex(4)}).encode()
