"""The trainer's preflight of many runs, in a process of its own before the first of them is started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import IO, Final

import gridctl_start
from gridctl.errors import InputError, Problem
from gridctl.executors.base import InterruptedPreflightError
from gridctl.executors.local.trainer_process import (
    cannot_start,
    folder_that_exists,
    progress_event,
    said_on_stderr,
    signal_name,
)
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.signals import handled

Shown = Callable[[str, int, int], None]
"""Called with a phase, how much of it is done, and the total."""

_GRACE_S: Final = 10.0
_LESS: Final = "if this machine ran out of memory, the runs will too: lower batch_size or data.size_px"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of the preflight.

    Attributes:
        kind: `fact`, `note` or `problem`.
        about: trainer, device, data, patients or models.
        problem: The finding in words.
        exit_code: Exit code of a run that meets it.
        runs: Ids of the runs that would.
    """

    kind: str
    about: str
    problem: Problem
    exit_code: int = 0
    runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings, in the order found."""

    found: Sequence[Finding] = field(default_factory=tuple)

    def of(self, kind: str) -> list[Finding]:
        """The findings of one kind."""
        return [finding for finding in self.found if finding.kind == kind]

    @property
    def stopped_runs(self) -> set[str]:
        """Run ids that would fail."""
        return {run_id for finding in self.of("problem") for run_id in finding.runs}


def preflight(runs: Sequence[RunSpec], shown: Shown) -> Findings:
    """Have the trainer check what runs need; it starts none and writes nothing into the store.

    Args:
        runs: Those to start.
        shown: Called with the progress.

    Raises:
        InputError: The trainer cannot be started, or was killed.
        InterruptedPreflightError: Ctrl-C or SIGTERM.
    """
    with tempfile.TemporaryFile() as specs, tempfile.TemporaryFile() as errors:
        specs.writelines(json.dumps(run.model_dump(mode="json")).encode() + b"\n" for run in runs)
        specs.seek(0)
        with _interruptible() as interrupts:
            process = _start(specs, errors)
            try:
                interrupts.allow()
                found, phase, whole = _listen(process, shown)
                code = process.wait()
                assert process.stdout is not None
                process.stdout.close()
            except InterruptedPreflightError:
                _end(process)
                raise
        if whole:
            return Findings(found)
        during = f" while {phase}" if phase else ""
        said = f"killed by {signal_name(-code)}" if code < 0 else said_on_stderr(code, errors) or f"exit code {code}"
        raise InputError(
            f"the preflight ended{during}: {said}",
            fix=(f"{_LESS}; " if code == -signal.SIGKILL else "") + "--no-verify starts the runs without it",
        )


def _start(specs: IO[bytes], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-P", gridctl_start.__file__, "preflight", "--progress", "json", "-"]
    try:
        return subprocess.Popen(
            command,
            stdin=specs,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            cwd=folder_that_exists(),
            start_new_session=True,
        )
    except OSError as error:
        raise cannot_start(error) from None


def _listen(process: subprocess.Popen[bytes], shown: Shown) -> tuple[list[Finding], str, bool]:
    """The findings, the last phase, and whether it was completed."""
    assert process.stdout is not None
    found: list[Finding] = []
    phase, whole = "", False
    for line in process.stdout:
        event = progress_event(line)
        match event.get("event"):
            case "phase":
                phase = str(event["phase"])
                shown(phase, int(event["done"]), int(event["total"]))
            case "fact" | "note" | "problem" as kind:
                problem = Problem(str(event["what"]), str(event["where"]), str(event["fix"]))
                found.append(Finding(kind, str(event["about"]), problem, int(event["exit_code"]), tuple(event["runs"])))
            case "end":
                whole = True
    return found, phase, whole


class _Interrupts:
    """Holds back SIGINT and SIGTERM until they can be handled."""

    def __init__(self) -> None:
        self._allowed = self._came = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self._came = True
        if self._allowed:
            raise InterruptedPreflightError

    def allow(self) -> None:
        """Let a signal end the block from now on, and one that came before end it at once."""
        self._allowed = True
        if self._came:
            raise InterruptedPreflightError


@contextlib.contextmanager
def _interruptible() -> Iterator[_Interrupts]:
    """Have SIGINT and SIGTERM end the block, also where a shell's background job ignores the first.

    Not before it allows them: a signal between the start of a process and its assignment would leave it running.
    """
    interrupts = _Interrupts()
    with handled(interrupts, signal.SIGINT, signal.SIGTERM):
        yield interrupts


def _end(process: subprocess.Popen[bytes]) -> None:
    """Have it end; kill it if that takes long or the user interrupts again."""
    with contextlib.suppress(OSError):
        process.send_signal(signal.SIGTERM)
    try:
        assert process.stdout is not None
        process.stdout.close()
        process.wait(_GRACE_S)
    except (subprocess.TimeoutExpired, InterruptedPreflightError):
        process.kill()
        process.wait()
