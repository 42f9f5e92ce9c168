"""A submission that waits for Jobs that never start says why, but only once."""

from __future__ import annotations

import pytest

from gridctl.executors.base import Activity
from gridctl.executors.kubernetes.status.waiting_reasons import WaitingReasons

PULL = Activity(active=True, reason="ErrImagePull: manifest unknown")
RUNS = Activity(active=True, running=True)


def said(caplog: pytest.LogCaptureFixture, looks: list[tuple[float, dict[str, Activity]]]) -> list[str]:
    now = 0.0
    reasons = WaitingReasons(lambda: now)
    for moment, known in looks:
        now = moment
        reasons.look(known)
    return [record.getMessage() for record in caplog.records]


def test_a_reason_is_said_once_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    (line,) = said(caplog, [(at, {"a": PULL, "b": PULL}) for at in (0, 20, 31, 60, 600)])
    assert "nothing runs yet: a: ErrImagePull: manifest unknown" in line
    assert "gridctl cancel" in line


@pytest.mark.parametrize("known", [{"a": PULL, "b": RUNS}, {"a": Activity(active=True)}, {}])
def test_nothing_is_said_while_something_runs_or_there_is_no_reason(
    known: dict[str, Activity], caplog: pytest.LogCaptureFixture
) -> None:
    assert said(caplog, [(at, known) for at in (0, 100)]) == []


def test_what_ran_in_between_starts_the_wait_anew(caplog: pytest.LogCaptureFixture) -> None:
    assert said(caplog, [(0, {"a": PULL}), (25, {"a": RUNS}), (35, {"a": PULL}), (60, {"a": PULL})]) == []
