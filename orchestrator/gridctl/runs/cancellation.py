"""Cancellations as the store keeps them, so that every backend, machine and waiting submission learns of one."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final

from gridctl_trainer.contract import layout
from gridctl_trainer.contract.errors import NotFoundError, StoreError
from gridctl_trainer.storage.base import Store

_WRITES_AT_ONCE: Final = 16


def note_cancelled(store: Store, experiment: str, run_ids: Sequence[str]) -> str:
    """Record in the store that each run was cancelled; returns why that failed, empty if it did not."""
    content = _content()
    try:
        with ThreadPoolExecutor(_WRITES_AT_ONCE) as pool:
            list(pool.map(lambda run_id: store.put(layout.RunLayout(experiment, run_id).cancelled, content), run_ids))
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

    Raises:
        StoreError: The store failed, so that an earlier cancellation could not be told from a new one.
    """

    def __init__(self, store: Store, experiment: str) -> None:
        self._store = store
        self._experiment = experiment
        self._before = self._newest()

    def is_cancelled(self) -> bool:
        """Ask the store; a store that fails counts as "not cancelled"."""
        with contextlib.suppress(StoreError):
            return self._newest() not in (self._before, None)
        return False

    def cancel(self, run_ids: Sequence[str]) -> None:
        """Record it for runs that were about to be started, if the store accepts it."""
        note_cancelled(self._store, self._experiment, run_ids)

    def _newest(self) -> bytes | None:
        try:
            return self._store.get(layout.experiment_cancelled(self._experiment)).data
        except NotFoundError:
            return None


def _content() -> bytes:
    """The time, and a token that distinguishes two cancellations within one second."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"cancelled_at": now, "uid": secrets.token_hex(4)}).encode()
