"""A failure is described on one line by the termination message and by the attempt's own log."""

from __future__ import annotations

import pytest

from gridctl.commands.progress.failure_reason import failure_reason
from gridctl.executors.kubernetes.status.pod_end import last_words

BAD_DATA = "exit code 3 (bad data, not retried)"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("", ""),
        ("/data/acdc: there is no folder\n  correct it", "/data/acdc: there is no folder; correct it"),
        ("epoch 1\nerror: first\nepoch 2\nerror: it\n  do this\n", "it; do this"),
        ("a log\nwithout an error", "a log; without an error"),
        ("Traceback (most recent call last):\n  File x\nValueError: it", "ValueError: it"),
        ("moves \x1b[2J the cursor", "moves [2J the cursor"),
        ("x" * 1000, "x" * 600 + "... (400 more characters)"),
    ],
)
def test_last_words(message: str, said: str) -> None:
    assert last_words(message) == said


@pytest.mark.parametrize(
    ("of_backend", "of_log", "reason"),
    [
        ("", "", ""),
        ("", "it broke", "it broke"),
        ("Evicted: no room", "it broke", "Evicted: no room"),
        (BAD_DATA, "", BAD_DATA),
        (BAD_DATA, "/data: gone\n  bring it back", f"{BAD_DATA}; it said: /data: gone\n  bring it back"),
        (f"{BAD_DATA}: /data: gone", "/data: gone", f"{BAD_DATA}: /data: gone"),
        (f"{BAD_DATA}: /data: gone; bring it", "/data: gone\n  bring it", f"{BAD_DATA}: /data: gone; bring it"),
    ],
)
def test_a_bare_exit_code_is_followed_by_what_the_attempt_wrote(of_backend: str, of_log: str, reason: str) -> None:
    assert failure_reason(of_backend, of_log) == reason
