"""Shows the progress and the findings of a preflight, to a person or line by line to the local backend."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from typing import IO

from rich.console import Console

from gridctl_trainer.terminal.progress_bars import phase_bar
from gridctl_trainer.training.preflight.findings import Finding
from gridctl_trainer.training.progress.display import Silent


class JsonLines(Silent):
    """One JSON object per line. If nobody reads them any more, the preflight ends, as nobody would start the runs."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def phase(self, name: str, done: int, total: int) -> None:
        self._write({"event": "phase", "phase": name, "done": done, "total": total})

    def findings(self, found: Sequence[Finding]) -> None:
        for finding in found:
            self._write(finding.to_json())
        self._write({"event": "end"})

    def _write(self, event: dict[str, object]) -> None:
        self._stream.write(json.dumps(event) + "\n")
        self._stream.flush()


class Text(Silent):
    """A bar with the remaining time on a terminal, then one line per finding on standard output."""

    def __init__(self, show: Callable[[str], object], *, with_bar: bool) -> None:
        self._show = show
        self._bar = contextlib.ExitStack()
        self._progress = self._bar.enter_context(phase_bar(Console(stderr=True), shown=with_bar))

    def phase(self, name: str, done: int, total: int) -> None:
        self._progress(name, done, total)

    def findings(self, found: Sequence[Finding]) -> None:
        self.close()
        marks = {"fact": "ok", "note": "note", "problem": "failed"}
        for finding in found:
            runs = f" ({len(finding.runs)} runs)" if len(finding.runs) > 1 else ""
            self._show(f"{marks[finding.kind]:<8} {finding.about}{runs}: {finding.problem}\n")

    def close(self) -> None:
        self._bar.close()
