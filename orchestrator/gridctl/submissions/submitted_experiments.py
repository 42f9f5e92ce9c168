"""Which experiments were submitted from this folder, and where to."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError

from gridctl.errors import Fault, InputError
from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.suggest import did_you_mean

FOLDER: Final = ".gridctl"


class Submission(Frozen):
    """One experiment submitted from this folder.

    Attributes:
        name: The experiment.
        store: Its store's URL.
        backend: Where its runs execute.
        submitted_at: Seconds since the epoch.
    """

    name: str
    store: str
    backend: str
    submitted_at: float = Field(ge=0, le=1e11)


class Submissions(Frozen):
    """All of them, by name."""

    last: str | None = None
    experiments: dict[str, Submission] = Field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path = Path()) -> Submissions:
        """What was submitted from a folder.

        Raises:
            InputError: The record is damaged.
        """
        path = _path(folder)
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, ValidationError) as error:
            raise InputError(
                f"cannot read what was submitted from here: {str(error).splitlines()[0]}",
                where=path,
                fix="delete this file; then name the experiment and its --store, or submit again",
            ) from None

    def newest_first(self) -> list[Submission]:
        """All of them; the first is the one that commands without a name mean, as long as its store has it."""
        return sorted(self.experiments.values(), key=lambda item: (item.name != self.last, -item.submitted_at))

    def find(self, name: str | None) -> Submission:
        """The submission of a name, or the last one.

        Raises:
            InputError: There is none.
        """
        if name is None and self.last is None:
            raise InputError("no experiment was submitted from this folder", fix="gridctl submit EXPERIMENT.yaml")
        wanted = name or self.last or ""
        if wanted not in self.experiments:
            fix = did_you_mean(wanted, list(self.experiments)) if self.experiments else "gridctl submit EXPERIMENT.yaml"
            raise InputError(f"no experiment '{wanted}' was submitted from this folder", fix=f"{fix} (or give --store)")
        return self.experiments[wanted]


def remember(name: str, store: str, backend: str, folder: Path = Path()) -> str:
    """Record a submission as this folder's latest. A folder that cannot be written to does not stop the training.

    Returns:
        Why it could not be recorded; empty if it was.
    """
    submission = Submission(name=name, store=store, backend=backend, submitted_at=time.time())
    try:
        before = Submissions.read(folder)
        _write(Submissions(last=name, experiments={**before.experiments, name: submission}), folder)
    except Fault as fault:
        return str(fault)
    except OSError as error:
        return f"{_path(folder)}: {error.strerror or error}"
    return ""


def forget(name: str, store: str, folder: Path = Path()) -> bool:
    """Record that an experiment is gone from its store; returns whether it was submitted from this folder.

    A folder that cannot be written keeps it: `gridctl list` shows it as gone.
    """
    with contextlib.suppress(Fault, OSError):
        before = Submissions.read(folder)
        known = before.experiments.get(name)
        if known is not None and known.store == store:
            others = [item for item in before.newest_first() if item.name != name]
            last = others[0].name if others else None
            _write(Submissions(last=last, experiments={item.name: item for item in others}), folder)
            return True
    return False


def _write(submissions: Submissions, folder: Path) -> None:
    from gridctl_trainer.storage.folder import FolderStore

    path = _path(folder)
    FolderStore(path.parent).put(path.name, (json.dumps(submissions.model_dump(), indent=2) + "\n").encode())
    (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")


def _path(folder: Path) -> Path:
    return folder / FOLDER / "submitted.json"
