"""Ids of the runs of each experiment submitted from this folder, for shell completion."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from gridctl.submissions.submitted_experiments import FOLDER


def remember_runs(experiment: str, run_ids: Iterable[str], folder: Path = Path()) -> None:
    """Record them beside the folder's submissions. A folder that cannot be written to does not stop the training."""
    from gridctl_trainer.host.atomic_file import replacing

    with contextlib.suppress(OSError), replacing(_path(experiment, folder)) as file:
        file.write("".join(f"{run_id}\n" for run_id in run_ids).encode())


def submitted_runs(experiment: str, folder: Path = Path()) -> Sequence[str]:
    """Ids of its runs; none if it was not submitted from here.

    Raises:
        OSError: They cannot be read.
    """
    path = _path(experiment, folder)
    return path.read_text("utf-8").split() if path.is_file() else ()


def _path(experiment: str, folder: Path) -> Path:
    return folder / FOLDER / "runs" / f"{experiment}.txt"
