"""Notes in the store of submissions that create Jobs a few at a time: their remaining runs are queued."""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Literal

from pydantic import Field

from gridctl.collection.read_cache import ReadCache
from gridctl_trainer.contract import layout
from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.contract.records.base import Record
from gridctl_trainer.storage.base import Stat, Store

_RENEWED_EVERY_S: Final = 30.0
_CHANGED_EVERY_S: Final = 5.0
LAPSES_AFTER_S: Final = 180.0
"""A submission whose note is older than this counts as dead: it was killed, or its machine was lost."""


class WaitingSubmission(Record):
    """A submission that waits until fewer Jobs are active.

    Attributes:
        host: Name of its machine.
        process_id: Process of the command.
        max_active: How many Jobs may be active.
        run_ids: Runs whose Jobs are not created yet.
    """

    kind: ClassVar[str] = "a note of a waiting submission"
    remedy: ClassVar[str] = "delete it"

    schema_version: Literal[1] = 1
    host: str
    process_id: int = Field(ge=1)
    max_active: int = Field(ge=1)
    run_ids: tuple[str, ...]

    def __str__(self) -> str:
        where = f"process {self.process_id} on {self.host}"
        return f"gridctl submit --max-active {self.max_active} ({where}) creates its Job"

    def to_json(self) -> bytes:
        """The note as it is stored."""
        return canonical_json(self.model_dump(mode="json")).encode()

    def lives(self, age_s: float) -> bool:
        """Whether it still waits, as far as is known; `age_s` is how long ago the note was renewed."""
        if age_s > LAPSES_AFTER_S:
            return False
        return self.host != platform.node() or _is_process(self.process_id)


class WaitingNote:
    """Keeps the note of one submission up to date; a failing store does not stop the submission."""

    def __init__(self, store: Store, experiment: str, max_active: int) -> None:
        self._store = store
        self._key = layout.waiting_submission(experiment, secrets.token_hex(4))
        self._max_active = max_active
        self._noted: tuple[str, ...] = ()
        self._noted_at = 0.0

    def renew(self, run_ids: Sequence[str]) -> None:
        """Write the remaining runs, if the note is due for renewal.

        Args:
            run_ids: Runs whose Jobs are not created yet.
        """
        left, age_s = tuple(run_ids), time.monotonic() - self._noted_at
        if not left:
            self.end()
        elif not self._noted or age_s > (_RENEWED_EVERY_S if left == self._noted else _CHANGED_EVERY_S):
            note = WaitingSubmission(
                host=platform.node(), process_id=os.getpid(), max_active=self._max_active, run_ids=left
            )
            with contextlib.suppress(StoreError):
                self._store.put(self._key, note.to_json())
            self._noted, self._noted_at = left, time.monotonic()

    def end(self) -> None:
        """Remove it."""
        if self._noted:
            with contextlib.suppress(StoreError):
                self._store.delete(self._key)
            self._noted = ()


def held_by_submissions(store: Store, stats: Sequence[Stat], cache: ReadCache) -> Mapping[str, str]:
    """What holds each run, by run id, for all waiting submissions. A note that cannot be read holds nothing.

    Args:
        store: Where they are.
        stats: Listed notes.
        cache: Cache of objects read before.
    """
    held: dict[str, str] = {}
    for stat in stats:
        with contextlib.suppress(StoreError):
            waiting = _read(store, stat, cache)
            if waiting.lives(time.time() - stat.modified):
                held |= dict.fromkeys(waiting.run_ids, str(waiting))
    return held


def _read(store: Store, stat: Stat, cache: ReadCache) -> WaitingSubmission:
    data = cache.get(stat.key, stat.etag, lambda: store.get(stat.key, WaitingSubmission.max_bytes))
    return WaitingSubmission.from_json(data, f"{store.url}/{stat.key}")


def _is_process(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass  # another user's
    return True
