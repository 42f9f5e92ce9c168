"""The first signal requests a stop, and the second one exits at once."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from gridctl_trainer.host.signals import StoppedError, StopSignal

PROGRAM = """
import os, signal, sys, time
from gridctl_trainer.host.signals import StopSignal, StoppedError
stop = StopSignal().install()
os.kill(os.getpid(), signal.{first})
try:
    stop.check()
except StoppedError:
    print("asked", flush=True)
os.kill(os.getpid(), signal.{second})
time.sleep(60)
"""


@pytest.mark.parametrize(("first", "second"), [("SIGTERM", "SIGTERM"), ("SIGINT", "SIGTERM"), ("SIGTERM", "SIGINT")])
def test_the_second_signal_ends_at_once_with_143(first: str, second: str) -> None:
    program = PROGRAM.format(first=first, second=second)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "asked\n"
    assert done.returncode == 143


def test_without_a_signal_nothing_happens() -> None:
    before = signal.getsignal(signal.SIGTERM)
    stop = StopSignal()
    stop.check()
    stop.requested = True
    with pytest.raises(StoppedError):
        stop.check()
    assert signal.getsignal(signal.SIGTERM) == before
