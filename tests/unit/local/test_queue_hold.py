"""A submission holds the runs that it will train until it has started or released them, or is gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gridctl.executors.local.queue_hold import QueueHold, queues

HOLD = """
import sys, pathlib
from gridctl.executors.local.queue_hold import QueueHold
hold = QueueHold(pathlib.Path(sys.argv[1]), sys.argv[2:])
print(*hold.run_ids, flush=True)
input()
"""


def waiting(folder: Path) -> list[set[str]]:
    return [set(queue.waiting) for queue in queues(folder)]


def test_runs_are_held_until_they_are_started_or_let_go(tmp_path: Path) -> None:
    hold = QueueHold(tmp_path, ["a", "b", "c"])
    assert waiting(tmp_path) == [{"a", "b", "c"}]
    hold.started("b")
    assert waiting(tmp_path) == [{"a", "c"}]
    hold.let_go()
    assert waiting(tmp_path) == [set()]
    hold.release()
    assert waiting(tmp_path) == []


def test_what_another_submission_holds_is_left_to_it(tmp_path: Path) -> None:
    first, second = QueueHold(tmp_path, ["a", "b"]), QueueHold(tmp_path, ["b", "c"])
    assert (first.run_ids, second.run_ids) == (("a", "b"), ("c",))
    assert list(second.left) == ["b"]
    assert "submit " in str(second.left["b"])
    first.release()
    second.release()


def test_submissions_at_the_same_instant_share_no_run(tmp_path: Path) -> None:
    runs = [f"run-{number}" for number in range(50)]
    command = [sys.executable, "-c", HOLD, str(tmp_path), *runs]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    held = [line.split() for process in both if (line := process.stdout.readline() if process.stdout else "")]
    assert sorted(run for runs_held in held for run in runs_held) == sorted(runs)
    assert sorted(map(len, waiting(tmp_path))) == [0, 0, 50]
    for process in both:
        process.kill()
        process.communicate()
    assert waiting(tmp_path) == [], "the kernel ends what a killed process held"
    again = QueueHold(tmp_path, runs)
    assert len(again.run_ids) == 50
    again.release()


def test_a_lock_that_was_taken_and_not_written_yet_holds_nothing(tmp_path: Path) -> None:
    hold = QueueHold(tmp_path, ["a"])
    (path,) = tmp_path.glob("*.submit")
    whole = path.read_bytes()
    for cut in (0, 1, len(whole) // 2):
        path.write_bytes(whole[:cut])
        assert waiting(tmp_path) == []
    path.write_bytes(whole + b"a")
    assert waiting(tmp_path) == [{"a"}], "a line without its end is still being written"
    hold.release()
