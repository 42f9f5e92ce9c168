"""The content of a run's lock file: which process trains it, and when it last made progress."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from pydantic import Field, ValidationError

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.host.file_lock import FileLock

_TOUCH_EVERY_S: Final = 1.0
_GROWTH: Final = 1.2
_MAX_BYTES: Final = 4096


class RunNote(Frozen):
    """The process that trains a run.

    Attributes:
        process_id, host: Those of the trainer.
        submit_id: Id of the submission that reads its output, as in `QueueNote`.
        started_at: Seconds since the epoch.
        usual_gap_seconds: The longest time between two steps so far; None before the first.
        last_sign_at: Time of the last progress, in seconds since the epoch: the file's modification time.
    """

    process_id: int = Field(ge=1)
    host: str
    submit_id: str
    started_at: float = Field(ge=0, le=1e11)
    usual_gap_seconds: float | None = Field(default=None, ge=0, le=1e9)
    last_sign_at: float = 0.0

    @property
    def is_here(self) -> bool:
        """Whether its process runs on this machine: several may share a home directory."""
        return self.host == platform.node()

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The note in a lock file; None if there is none."""
        try:
            with path.open("rb") as file:
                made = cls.model_validate_json(file.read(_MAX_BYTES))
                return made.model_copy(update={"last_sign_at": os.fstat(file.fileno()).st_mtime})
        except (OSError, ValidationError):
            return None


class SignsOfProgress:
    """Keeps the note of a run up to date with its trainer's output.

    Reading data, training and validation differ in pace: before the first step no gap counts as usual.
    """

    def __init__(self, lock: FileLock, process_id: int, submit_id: str) -> None:
        self._lock = lock
        self._note = RunNote(process_id=process_id, host=platform.node(), submit_id=submit_id, started_at=time.time())
        self._last = self._touched = time.monotonic()
        self._write()

    def seen(self, event: Mapping[str, Any]) -> None:
        """Record a sign of life from the trainer."""
        now = time.monotonic()
        gap = now - self._last
        self._last = now
        usual = self._note.usual_gap_seconds
        if usual is None and event.get("event") == "step":
            self._take(0.0)  # what came before it was of another kind
        elif usual is not None and gap > _GROWTH * usual:
            self._take(round(gap, 3))
        if now - self._touched > _TOUCH_EVERY_S:
            self._touched = now
            self._lock.touch()

    def _take(self, usual_gap_seconds: float) -> None:
        self._note = self._note.model_copy(update={"usual_gap_seconds": usual_gap_seconds})
        self._write()

    def _write(self) -> None:
        self._lock.note(self._note.model_dump_json(exclude={"last_sign_at"}).encode())
