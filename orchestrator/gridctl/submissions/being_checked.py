"""Submissions that are still checking an experiment: tells other commands, which would find no experiment yet."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.host.file_lock import held_in, remove_released, take
from gridctl_trainer.host.user_folders import state_folder

_SUFFIX: Final = ".check"
_STALE_S: Final = 3600.0


class PendingCheck(Frozen):
    """A submission that has not started anything yet.

    Attributes:
        experiment: Its name.
        store: Its store's URL.
        folder: Where the command was run.
        process_id: Of the command.
    """

    experiment: str
    store: str
    folder: str
    process_id: int = Field(ge=1)

    def __str__(self) -> str:
        return f"submit (process {self.process_id}) is checking {self.experiment} before its first run"


@contextlib.contextmanager
def checking(experiment: str, store: str) -> Iterator[None]:
    """Let other commands of this user know that an experiment is being checked, until the block or the process ends.

    It is kept outside the folder and the store: an experiment that does not pass leaves nothing there.
    """
    lock = None
    with contextlib.suppress(OSError):
        remove_released(_folder(), _SUFFIX, _STALE_S)
        lock = take(_folder() / f"{os.getpid()}-{time.time_ns()}{_SUFFIX}")
    if lock is not None:
        check = PendingCheck(experiment=experiment, store=store, folder=_here(), process_id=os.getpid())
        lock.note(check.model_dump_json().encode(errors="replace"))
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def being_checked(experiment: str | None, store: str | None) -> PendingCheck | None:
    """The pending check that a command refers to.

    Args:
        experiment: By name; None for any.
        store: Its URL; None for what was submitted from this folder.
    """
    found: list[PendingCheck] = []
    with contextlib.suppress(OSError):
        for path in held_in(_folder(), _SUFFIX).values():
            with contextlib.suppress(OSError, ValidationError):
                found.append(PendingCheck.model_validate_json(path.read_bytes()))
    for check in found:
        of_this_place = check.folder == _here() if store is None else check.store == store
        if of_this_place and experiment in (None, check.experiment):
            return check
    return None


def _folder() -> Path:
    return state_folder() / "checks"


def _here() -> str:
    """The current folder; empty if it was deleted."""
    with contextlib.suppress(OSError):
        return str(Path.cwd())
    return ""
