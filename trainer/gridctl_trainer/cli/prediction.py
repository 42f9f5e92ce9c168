"""Runs `gridctl-trainer predict`, and shows its progress."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from gridctl_trainer.contract.secrets import masked
from gridctl_trainer.terminal.progress_bars import phase_bar
from gridctl_trainer.training.prediction.predict import Request, predict


class _Shown:
    """Shows paths of masks on standard output, and on standard error notes and a bar, or else a line for each scan."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = phase_bar(console)
        self._last = ""

    def __enter__(self) -> _Shown:
        self._update = self._bar.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._bar.__exit__(None, None, None)

    def progress(self, what: str, done: int, total: int) -> None:
        self._update(what, done, total)
        if not self._console.is_terminal and what != self._last:
            sys.stderr.write(f"{what}\n")
            self._last = what

    def note(self, text: str) -> None:
        self._console.print(f"note: {masked(text)}", markup=False, highlight=False, soft_wrap=True)

    def written(self, path: Path) -> None:
        sys.stdout.write(f"{path}\n")
        sys.stdout.flush()


def predict_and_show(request: Request) -> None:
    """Segment every scan.

    Raises:
        Fault: As for `predict`.
    """
    with _Shown(Console(stderr=True)) as shown:
        predict(request, shown)
