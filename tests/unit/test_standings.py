"""One rule determines the state of a run from its result, backend, cancellation and last message."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from gridctl.collection.collect import Collected
from gridctl.commands.progress.silent_starts import explain_silent_starts
from gridctl.commands.progress.states import run_standings
from gridctl.executors.base import Activity
from gridctl.runs.standing import Standing, standing_without_backend
from gridctl.runs.state import ACTIVE, MEANING, TO_SUBMIT, RunState
from gridctl_trainer.contract import exit_codes

NOW = 1_800_000_000.0
ROW = {
    "run_id": "run",
    "finished": False,
    "attempts": 1,
    "exit_code": math.nan,
    "message": "",
    "last_host": "there",
    "cancelled_at": math.nan,
    "last_written": NOW,
    "seconds_per_epoch": math.nan,
}
CANCELLED = {"cancelled_at": NOW - 60}
RUNNING = Activity(active=True, running=True)


def standing(row: dict[str, Any], known: Activity) -> tuple[str, str]:
    table = pd.DataFrame([ROW | row])
    found = run_standings(Collected(table, table, [], []), {"run": known}, NOW)["run"]
    return found.state.value, found.reason


@pytest.mark.parametrize(
    ("row", "known", "state", "reason"),
    [
        ({"attempts": 0}, Activity(), "not_started", ""),
        ({"finished": True} | CANCELLED, RUNNING, "done", ""),
        ({}, RUNNING, "running", ""),
        (CANCELLED, RUNNING, "running", ""),
        ({"attempts": 0}, Activity(active=True, reason="waits for a node"), "queued", "waits for a node"),
        (CANCELLED, Activity(active=True, in_submission=True), "cancelled", "by `gridctl cancel`"),
        ({}, Activity(failed=True, reason="failed 4 times"), "failed", "failed 4 times"),
        ({}, Activity(), "interrupted", "without a final record"),
        (CANCELLED, Activity(), "cancelled", "by `gridctl cancel`"),
        ({"exit_code": exit_codes.STOPPED, "message": "stopped by a signal"}, Activity(), "interrupted", "by a signal"),
        ({"exit_code": exit_codes.BUG, "message": "no memory"}, Activity(), "failed", "no memory"),
        ({"exit_code": exit_codes.BAD_DATA, "message": "no patient"}, Activity(), "failed", "no patient"),
        ({"exit_code": exit_codes.BAD_DATA}, Activity(failed=True), "failed", ""),
        ({"exit_code": exit_codes.DONE}, Activity(), "interrupted", "no valid result"),
    ],
)
def test_where_a_run_stands(row: dict[str, Any], known: Activity, state: str, reason: str) -> None:
    assert standing(row, known)[0] == state
    assert reason in standing(row, known)[1]


@pytest.mark.parametrize(
    ("silent_s", "usual_s", "state"),
    [(170, 0.1, "running"), (190, 0.1, "stalled"), (3000, 400, "running"), (4100, 400, "stalled")],
)
def test_a_run_that_is_listened_to_is_stalled_after_many_times_its_usual(
    silent_s: float, usual_s: float, state: str
) -> None:
    known = Activity(active=True, running=True, last_sign_at=NOW - silent_s, usual_gap_seconds=usual_s, process_id=42)
    found, reason = standing({}, known)
    assert found == state
    if state == "stalled":
        assert "(process 42)" in reason
        assert "gridctl cancel --run run" in reason


def test_reading_data_may_take_longer_than_a_step() -> None:
    known = Activity(active=True, running=True, last_sign_at=NOW - 550)
    assert standing({}, known)[0] == "running"
    assert standing({}, replace(known, last_sign_at=NOW - 650))[0] == "stalled"


@pytest.mark.parametrize(
    ("silent_s", "epoch_s", "state"),
    [(500, 10, "running"), (700, 10, "stalled"), (7200, 3600, "running"), (37000, 3600, "stalled")],
)
def test_one_that_only_its_log_tells_of_is_stalled_after_many_epochs(
    silent_s: float, epoch_s: float, state: str
) -> None:
    row = {"last_written": NOW - silent_s, "seconds_per_epoch": epoch_s}
    assert standing(row, RUNNING)[0] == state
    assert standing(row, Activity(active=True, running=True, started_at=NOW - 60))[0] == "running", "it has just begun"


def test_without_a_backend_an_attempt_runs_as_long_as_its_log_grows() -> None:
    assert standing_without_backend(ROW, NOW + 60).state is RunState.RUNNING
    assert standing_without_backend(ROW, NOW + 86400).state is RunState.INTERRUPTED
    assert standing_without_backend(ROW | CANCELLED, NOW).state is RunState.CANCELLED


def test_a_run_of_another_machine_runs_as_long_as_its_log_grows() -> None:
    table = pd.DataFrame([ROW])
    collected = Collected(table, table, [], [])
    there = run_standings(collected, {}, NOW + 60, here="here")["run"]
    assert (there.state, there.is_elsewhere) == (RunState.RUNNING, True)
    assert "on there, last heard of at " in there.reason
    assert run_standings(collected, {}, NOW + 60, here="there")["run"].state is RunState.INTERRUPTED, "nobody holds it"
    assert run_standings(collected, {}, NOW + 86400, here="here")["run"].state is RunState.INTERRUPTED


def test_every_state_is_explained_and_either_over_held_or_to_submit() -> None:
    assert set(MEANING) == set(RunState) == {*ACTIVE, *TO_SUBMIT, RunState.DONE, RunState.FAILED}
    assert all(state.is_active == (state in ACTIVE) and state.colour for state in RunState)


class Pods:
    """A backend whose logs can be read."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def last_lines(self, run_ids: list[str]) -> dict[str, str]:
        self.asked = list(run_ids)
        return {run_ids[0]: "2027-01-15 08:00:00,123 WARNING waiting for the store: cannot reach http://localhost:9000"}


def explained(pods: Pods, log: str = "", **known: Any) -> dict[str, Standing]:
    names = [f"run-{number}" for number in range(5)]
    rows = {name: ROW | {"log": log} for name in names}
    pod = replace(RUNNING, started_at=NOW - 30, attempt_uid="7d0e", **known)
    standings = dict.fromkeys(names, Standing(RunState.RUNNING))
    return explain_silent_starts(standings, rows, dict.fromkeys(names, pod), pods, NOW)  # type: ignore[arg-type]


def test_of_pods_that_left_nothing_in_the_store_a_few_are_asked_for_their_last_line() -> None:
    pods = Pods()
    found = explained(pods)
    said = "nothing of it is in the store yet; its log ends: waiting for the store: cannot reach http://localhost:9000"
    assert found["run-0"] == Standing(RunState.RUNNING, said)
    assert found["run-4"] == Standing(RunState.RUNNING)
    assert pods.asked == ["run-0", "run-1", "run-2"]


def test_a_pod_that_is_in_the_store_or_has_just_begun_is_not_asked() -> None:
    pods = Pods()
    explained(pods, log="demo/run/attempts/002-7d0e.log")
    assert pods.asked == []
    explained(pods, log="demo/run/attempts/001-aaaa.log")
    assert pods.asked, "that was the attempt before"
    pods = Pods()
    just = replace(RUNNING, started_at=NOW - 5, attempt_uid="7d0e")
    explain_silent_starts({"run": Standing(RunState.RUNNING)}, {"run": ROW | {"log": ""}}, {"run": just}, pods, NOW)  # type: ignore[arg-type]
    assert pods.asked == []
