"""The status of a large grid fits on a watched screen, and is complete if printed."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from gridctl.cli.views.status import status_view
from gridctl.commands.progress.status import CellStatus, RunStatus, Status
from gridctl.runs.state import RunState

SCREEN = 24


def run(number: int, state: RunState, reason: str = "") -> RunStatus:
    return RunStatus(f"big-run-{number}", "unet", number / 100, "none", 1, state.value, 4, 0, 0, 0, 0.0, {}, reason)


def status(states: list[RunState], reason: str = "") -> Status:
    counts = {state.value: states.count(state) for state in RunState}
    cells = [
        CellStatus("unet", n / 100, "none", {each.value: int(each is state) for each in RunState}, 4, 0, {}, None)
        for n, state in enumerate(states)
    ]
    runs = [run(number, state, reason) for number, state in enumerate(states)]
    shown = {"shown": ["validation.soft_dice.left_ventricle"], "shown_label": "soft Dice"}
    return Status("big", "/store", "local", counts, None, 0, 0, 0.0, cells, runs, None, (), **shown)


def printed(view: object, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=SCREEN, force_terminal=True, color_system=None)
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_a_watched_screen_shows_the_sum_the_header_and_where_something_happens() -> None:
    states = [RunState.DONE] * 50 + [RunState.FAILED] + [RunState.NOT_STARTED] * 8 + [RunState.STALLED]
    lines = printed(status_view(status(states), SCREEN))
    assert len(lines) <= SCREEN
    assert lines[0].startswith("big: 60 runs: 50 done, 1 stalled, 1 failed, 8 not started")
    assert any(line.startswith("model ") for line in lines)
    assert any(" 0.5 " in line for line in lines), "the failed one"
    assert any("0.59 " in line for line in lines), "the stalled one"
    assert "and 48 more rows: `gridctl status` shows all" in lines


def test_printed_it_has_every_row_and_ends_with_the_sum() -> None:
    lines = printed(status_view(status([RunState.DONE] * 59 + [RunState.INTERRUPTED])))
    assert sum(line.startswith("unet ") for line in lines) == 60
    assert lines[-1] == "big: 60 runs: 59 done, 1 interrupted; the same submit starts or resumes it"


def test_states_that_no_run_is_in_take_no_column_and_each_reason_is_said_once() -> None:
    shown = status([RunState.QUEUED] * 3, "by submit 42 on vm since 12:00")
    lines = printed(status_view(shown))
    assert lines[0].split() == ["model", "ratio", "done", "queued", "epochs", "soft", "Dice", "left"]
    assert "queued: big-run-0 and 2 more: by submit 42 on vm since 12:00" in lines
    narrow = printed(status_view(replace(shown, runs=())), width=24)
    assert "queued 1" in " ".join(narrow)
    assert all(len(line) <= 24 for line in narrow)


def test_each_run_by_its_whole_name_at_80_columns_and_fewer() -> None:
    shown = status([RunState.DONE, RunState.FAILED], "out of memory")
    longest = "e" * 40 + "-gamma-net-r33-none-s1-0a1b2c3d"
    assert len(longest) >= 63
    named = replace(shown, runs=[shown.runs[0], replace(shown.runs[1], run_id=longest[-63:])])
    for width in (80, 64):
        text = " ".join(printed(status_view(named, with_runs=True), width))
        assert "big-run-0" in text
        assert longest[-63:] in text
        assert "failed" in text
        assert "out of memory" in text
    lines = printed(status_view(named, with_runs=True))
    assert lines[0].split()[:2] == ["run", "state"]
    assert not any(line.startswith("unet ") for line in lines)


def test_of_very_many_reasons_the_first_are_shown_and_the_others_counted() -> None:
    shown = status([RunState.FAILED] * 30)
    runs = [replace(each, reason=f"node {number} is lost") for number, each in enumerate(shown.runs)]
    lines = printed(status_view(replace(shown, runs=runs)))
    assert sum(line.startswith("failed: ") for line in lines) == 20
    assert "... and 10 more reasons: --json has all of them" in lines


def test_reasons_that_differ_in_the_name_of_their_run_alone_are_one_line() -> None:
    shown = status([RunState.FAILED] * 3)
    runs = []
    for number, each in enumerate(shown.runs):
        name = f"big-unet-r{number}0-none-s4{number}-0a1b2c{number}d"
        where = f"s3://lab/runs/big/{name}/spec.json"
        said = f"exit code 4 (store not usable, not retried): {where}: the server says SignatureDoesNotMatch"
        runs.append(replace(each, run_id=name, reason=said if number < 2 else "exit code 3: patient 7 has no label"))
    lines = printed(status_view(replace(shown, runs=runs)), 300)
    assert sum("SignatureDoesNotMatch" in line for line in lines) == 1
    assert any(line.startswith("failed: big-unet-r00-none-s40-0a1b2c0d and 1 more: exit code 4") for line in lines)
    assert any("patient 7" in line for line in lines)
