"""`submit --max-active` works as a simple queue on a real cluster."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster
from tests.waiting import wait_for

Stub = Callable[[str], str]

SIX = ["--set", "seeds=[1, 2, 3]", "--set", "kubernetes.cpu=1m"]


def jobs_in(cluster: Cluster, namespace: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = cluster.get(f"/apis/batch/v1/namespaces/{namespace}/jobs")["items"]
    return items


def _hear_ctrl_c() -> None:
    """Reset SIGINT, which a process that a shell starts in the background ignores, like all of its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def started(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A submission that continues in the background and ends with the test, however the test ends."""
    with subprocess.Popen(
        command,
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_ctrl_c,  # noqa: PLW1509
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_no_more_than_so_many_are_active_at_a_time(
    cluster: Cluster, gridctl: Gridctl, namespace: str, stub: Stub
) -> None:
    short = stub("import time; time.sleep(1)")
    done = gridctl("submit", "experiment.yaml", *SIX, "--set", short, "--max-active", "2")
    assert done.returncode == 0, done.stderr
    wait_for(lambda: all(job["status"].get("completionTime") for job in jobs_in(cluster, namespace)))
    jobs = jobs_in(cluster, namespace)
    assert len(jobs) == 6
    spans = [(job["metadata"]["creationTimestamp"], job["status"]["completionTime"]) for job in jobs]
    for began, _ in spans:  # times are whole seconds, so a run that ends when another begins has made room for it
        assert sum(1 for start, end in spans if start <= began < end) <= 2, spans


def queued_by_the_submission(gridctl: Gridctl, process_id: int) -> int:
    """Number of runs that are queued because their Jobs have not been created yet."""
    runs = gridctl.json("status")["runs"]
    said = f"gridctl submit --max-active 1 (process {process_id} on "
    return sum(1 for run in runs if run["state"] == "queued" and said in run["reason"])


def test_interrupted_it_leaves_what_runs_and_goes_on_when_called_again(
    cluster: Cluster, gridctl: Gridctl, namespace: str, stub: Stub, tmp_path: Path
) -> None:
    endless = stub("import time; time.sleep(600)")
    command = gridctl.command("submit", "experiment.yaml", *SIX, "--set", endless, "--max-active", "1")
    with started(command, tmp_path) as process:
        wait_for(lambda: jobs_in(cluster, namespace))
        wait_for(lambda: queued_by_the_submission(gridctl, process.pid) == 5)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert "interrupted after creating 1 Job" in said
    first = {job["metadata"]["uid"] for job in jobs_in(cluster, namespace)}
    assert len(first) == 1
    assert gridctl.json("status")["totals"]["not_started"] == 5
    again = gridctl("submit", "experiment.yaml", *SIX, "--set", endless, "--max-active", "6")
    assert again.returncode == 0, again.stderr
    assert first < {job["metadata"]["uid"] for job in jobs_in(cluster, namespace)}
    assert len(jobs_in(cluster, namespace)) == 6


def test_killed_it_holds_nothing_and_the_same_command_creates_the_rest(
    cluster: Cluster, gridctl: Gridctl, namespace: str, stub: Stub, tmp_path: Path
) -> None:
    endless = stub("import time; time.sleep(600)")
    command = gridctl.command("submit", "experiment.yaml", *SIX, "--set", endless, "--max-active", "1")
    with started(command, tmp_path) as process:
        wait_for(lambda: jobs_in(cluster, namespace))
        wait_for(lambda: queued_by_the_submission(gridctl, process.pid) == 5)
        held = gridctl("submit", "experiment.yaml", *SIX, "--set", endless)
        assert held.returncode == 0, held.stderr
        assert len(jobs_in(cluster, namespace)) == 1, "it leaves them to the one that waits"
        process.kill()
        process.wait()
    assert gridctl.json("status")["totals"]["not_started"] == 5
    again = gridctl("submit", "experiment.yaml", *SIX, "--set", endless)
    assert again.returncode == 0, again.stderr
    assert len(jobs_in(cluster, namespace)) == 6


def test_a_cancelled_experiment_gets_no_more_jobs(
    cluster: Cluster, gridctl: Gridctl, namespace: str, stub: Stub, tmp_path: Path
) -> None:
    endless = stub("import time; time.sleep(600)")
    command = gridctl.command("submit", "experiment.yaml", *SIX, "--set", endless, "--max-active", "1")
    with started(command, tmp_path) as process:
        wait_for(lambda: jobs_in(cluster, namespace))
        cancelled = gridctl("cancel")
        said = process.communicate(timeout=60)[1]
    assert cancelled.returncode == 0, cancelled.stderr
    assert process.returncode == 130, said
    assert "5 runs cancelled; the same command resumes them" in said
    assert not jobs_in(cluster, namespace)
    assert gridctl.json("status")["totals"]["cancelled"] == 6


def test_why_nothing_runs_is_said_while_it_waits(
    cluster: Cluster, gridctl: Gridctl, namespace: str, tmp_path: Path
) -> None:
    command = gridctl.command(
        "submit", "experiment.yaml", *SIX, "--set", "kubernetes.image=no-such-image:1", "--max-active", "1"
    )
    with started(command, tmp_path) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if line.startswith("nothing runs yet: "))
        assert gridctl("cancel").returncode == 0
        process.communicate(timeout=60)
    assert "no-such-image:1" in line
    assert not jobs_in(cluster, namespace)
