"""Holds the runs that a submission on this machine will train, so that no other submission takes them."""

from __future__ import annotations

import os
import platform
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.host.file_lock import held, held_in, remove_released, take

_SUFFIX: Final = ".submit"
_STALE_S: Final = 3600.0
_LET_GO: Final = "*"


class QueueNote(Frozen):
    """The first line of a submission's lock file.

    Attributes:
        submit_id: Unique id of the submission.
        process_id, host: Its process and machine.
        since: Time of its start, in seconds since the epoch.
        run_ids: All runs that it will train.
    """

    submit_id: str
    process_id: int = Field(ge=1)
    host: str
    since: float = Field(ge=0, le=1e11)
    run_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Queue:
    """A live submission, and the runs that it has not started yet."""

    note: QueueNote
    waiting: frozenset[str]

    def __str__(self) -> str:
        return f"submit {self.note.process_id} on {self.note.host or 'this machine'}"


class QueueHold:
    """Holds runs for a submission: one lock, however many runs there are, which ends with the process.

    Args:
        folder: Folder of this machine's locks for one store.
        run_ids: Wanted runs; those that another submission holds are left to it.

    Attributes:
        submit_id: Unique id of the submission.
        run_ids: Runs that it holds.
        left: Wanted runs that other submissions hold.
    """

    def __init__(self, folder: Path, run_ids: Sequence[str]) -> None:
        self.submit_id = uuid.uuid4().hex
        remove_released(folder, _SUFFIX, _STALE_S)
        with held(folder / "registration", lambda: None):  # if two start at the same time, one is first
            self.left = {run_id: queue for queue in queues(folder) for run_id in queue.waiting.intersection(run_ids)}
            self.run_ids = tuple(run_id for run_id in run_ids if run_id not in self.left)
            self._lock = take(folder / f"{self.submit_id}{_SUFFIX}")
            self._write()

    def _write(self) -> None:
        note = QueueNote(
            submit_id=self.submit_id,
            process_id=os.getpid(),
            host=platform.node(),
            since=time.time(),
            run_ids=self.run_ids,
        )
        if self._lock is not None:
            self._lock.note(f"{note.model_dump_json()}\n".encode())

    def started(self, run_id: str) -> None:
        """The run is no longer queued: its trainer holds it now."""
        self._add(run_id)

    def let_go(self) -> None:
        """Nothing is queued any more; the submission waits for what it has started."""
        self._add(_LET_GO)

    def release(self) -> None:
        """The submission is over."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _add(self, text: str) -> None:
        if self._lock is not None:
            self._lock.add(f"{text}\n".encode())


def queues(folder: Path) -> list[Queue]:
    """The submissions that hold runs now, the earliest first."""
    found = (_read(path) for path in held_in(folder, _SUFFIX).values())
    return sorted((queue for queue in found if queue is not None), key=lambda queue: queue.note.since)


def _read(path: Path) -> Queue | None:
    try:
        first, *others = path.read_bytes().decode(errors="replace").split("\n")
        note = QueueNote.model_validate_json(first)
    except (OSError, ValidationError):
        return None  # it has just been locked and not written, or is gone
    gone = others[:-1]  # a last line without its end is still being written
    return Queue(note, frozenset() if _LET_GO in gone else frozenset(_without(note.run_ids, gone)))


def _without(run_ids: Iterable[str], gone: Iterable[str]) -> set[str]:
    return set(run_ids).difference(gone)
