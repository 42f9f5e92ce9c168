"""Locks that show which process of this machine holds a run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gridctl.errors import InputError
from gridctl.executors.local.lock_note import RunNote
from gridctl.executors.local.queue_hold import Queue, QueueHold, queues
from gridctl_trainer.host.file_lock import FileLock, held_in, take
from gridctl_trainer.host.user_folders import state_folder as user_state

_SUFFIX: Final = ".lock"


class RunLocks:
    """One lock per run of a store.

    The trainer process inherits the lock's file descriptor. A run therefore stays held if `gridctl`
    is killed and its trainer lives on, and is free the moment the last holder is gone.
    """

    def __init__(self, store_url: str, state_folder: Path | None = None) -> None:
        store = hashlib.sha256(store_url.encode(errors="surrogateescape")).hexdigest()[:16]
        self._state_folder = state_folder
        self._below = Path("locks", store)

    def acquire(self, run_id: str) -> FileLock | None:
        """Take the lock of a run; None if another process holds it.

        Raises:
            InputError: There is neither a home directory nor a temporary folder.
        """
        lock = take(self._folder() / f"{run_id}{_SUFFIX}")
        if lock is not None:
            lock.note(b"")  # left by its last holder
        return lock

    def held(self) -> dict[str, RunNote | None]:
        """Runs that are held now, with the holder's note; None if it has written none yet.

        Raises:
            InputError: As of `acquire`.
        """
        return {run_id: RunNote.read(path) for run_id, path in held_in(self._folder(), _SUFFIX).items()}

    def hold_queue(self, run_ids: Sequence[str]) -> QueueHold:
        """Hold runs that are to be trained, so that no other submission takes them.

        Raises:
            InputError: As of `acquire`.
        """
        return QueueHold(self._folder(), run_ids)

    def queues(self) -> list[Queue]:
        """Submissions that hold runs now.

        Raises:
            InputError: As of `acquire`.
        """
        return queues(self._folder())

    def _folder(self) -> Path:
        try:
            return (self._state_folder or user_state()) / self._below
        except OSError as error:
            raise InputError(
                f"there is no folder for what this user's commands share: {error.strerror or error}",
                where=error.filename or "",
                fix="set XDG_STATE_HOME to a folder that you can write",
            ) from None
