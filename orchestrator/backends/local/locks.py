"""Who holds a run on this machine: a file lock, which a process cannot outlive."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path


class RunLocks:
    """One lock a run of a store.

    The trainer process inherits the lock's file descriptor. So a run stays held if `gridctl`
    is killed and its trainer lives on, and is free the moment the last holder is gone.
    """

    def __init__(self, store_url: str, state_folder: Path | None = None) -> None:
        store = hashlib.sha256(store_url.encode()).hexdigest()[:16]
        self._folder = (state_folder or _state_folder()) / "locks" / store

    def acquire(self, run_id: str) -> int | None:
        """Take a run.

        Returns:
            A file descriptor that holds it until it, and every copy of it, is closed; None if
            somebody else holds the run.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path(run_id), os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        return handle

    def held(self) -> set[str]:
        """Run ids that somebody holds now."""
        found = self._folder.glob("*.lock") if self._folder.is_dir() else ()
        return {path.stem for path in found if self._is_held(path)}

    def _is_held(self, path: Path) -> bool:
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _path(self, run_id: str) -> Path:
        return self._folder / f"{run_id}.lock"


def _state_folder() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "gridctl"
