"""Runs one real trainer process with a fault at a numbered point."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Point = Literal["step", "file", "send"]
"""Points: between steps or minibatches; before a file is opened, renamed or removed; before bytes are sent."""


@dataclass(frozen=True)
class ChildFault:
    """The fault that a trainer causes to itself.

    Attributes:
        signals: Signals to send to itself: the first at the `at`-th point, the next at the following point.
        point: Kind of the points that are counted.
        at: Number of the point, from 1; 0 for never.
        file_limit_bytes: Size beyond which no file may grow, as on a full disk; None for no limit.
    """

    signals: tuple[int, ...] = ()
    point: Point = "step"
    at: int = 0
    file_limit_bytes: int | None = None


@dataclass
class Trainer:
    """A running trainer."""

    process: Any
    output: Path
    counts: Any = field(repr=False)

    def wait(self, timeout_s: float = 120) -> int:
        """The exit code; a negative one gives the signal that ended the trainer."""
        self.process.join(timeout_s)
        assert self.process.exitcode is not None, f"it hangs: {self.said}"
        return int(self.process.exitcode)

    def send(self, number: int) -> None:
        os.kill(self.process.pid, number)

    @property
    def said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    def points(self, kind: Point) -> int:
        """Number of points of this kind that the trainer has passed."""
        return int(self.counts[_KINDS.index(kind)])


_KINDS: tuple[Point, ...] = ("step", "file", "send")
_context = multiprocessing.get_context("forkserver")
_SLOW_TO_IMPORT = ["torch._dynamo", "torch._inductor.standalone_compile", "nibabel", "pydicom", "botocore.client"]
_context.set_forkserver_preload(
    [
        "gridctl_trainer.cli.main",
        "gridctl_trainer.training.attempt.run",
        "gridctl_trainer.storage.s3.store",
        *_SLOW_TO_IMPORT,
    ]
)


def start(spec: str, output: Path, fault: ChildFault = ChildFault(), env: Mapping[str, str] | None = None) -> Trainer:
    """A trainer that is forked from a server with torch already imported, which makes hundreds of them affordable."""
    counts = _context.Array("q", len(_KINDS), lock=False)
    arguments = (spec, str(output), fault, {**os.environ, **(env or {})}, counts)
    process = _context.Process(target=_trainer, args=arguments, daemon=True)
    process.start()
    return Trainer(process, output, counts)


def _trainer(spec: str, output: str, fault: ChildFault, env: Mapping[str, str], counts: Any) -> None:
    os.environ.clear()
    os.environ.update(env)
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    _hasten()
    from gridctl_trainer.cli import main as program
    from gridctl_trainer.host.signals import StopSignal

    left = list(fault.signals)

    def passed(kind: Point) -> None:
        counts[_KINDS.index(kind)] += 1
        if left and kind == fault.point and counts[_KINDS.index(kind)] >= fault.at > 0:
            os.kill(os.getpid(), left.pop(0))

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in ("os.rename", "os.remove", "os.link"):
            passed("file")
        elif event == "http.client.send":
            passed("send")

    check = StopSignal.check

    def counted(stop: StopSignal) -> None:
        passed("step")
        check(stop)

    StopSignal.check = counted  # type: ignore[method-assign]
    sys.addaudithook(audit)
    if fault.file_limit_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (fault.file_limit_bytes, fault.file_limit_bytes))
    sys.argv = ["trainer", "run", spec, "--progress", "none"]
    program.main()


def _hasten() -> None:
    """Shorten waits from seconds to tenths, as nothing takes long here."""
    from botocore.config import Config

    from gridctl_trainer.host.backoff import Backoff
    from gridctl_trainer.storage import retry
    from gridctl_trainer.storage.s3 import store as s3_store
    from gridctl_trainer.storage.write_behind import spooled_store

    config = s3_store._config
    s3_store._config = lambda: config().merge(Config(read_timeout=1, connect_timeout=1))
    spooled_store.BACKOFF = retry.BACKOFF = Backoff(first_s=0.1, longest_s=0.1, least=1)
