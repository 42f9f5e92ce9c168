"""A signal that arrives while the preflight is starting ends it as well."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

import pytest

from gridctl.executors.base import InterruptedPreflightError
from gridctl.executors.local import preflight as module


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_process_is_known_leaves_none(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = module._start

    def start_under_a_signal(*files: Any) -> subprocess.Popen[bytes]:
        started.append(start(*files))
        os.kill(os.getpid(), number)
        return started[0]

    monkeypatch.setattr(module, "_start", start_under_a_signal)
    before = signal.getsignal(number)
    with pytest.raises(InterruptedPreflightError):
        module.preflight([], lambda *_: None)
    assert started[0].returncode is not None, "it was waited for"
    assert signal.getsignal(number) is before
