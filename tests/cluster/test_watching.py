"""Status sends few requests however many runs there are, and its watch survives a restart of the server."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from gridctl.experiment import Experiment
from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster, backend
from tests.cluster.kubeconfig import faulty_door
from tests.faulty_proxy import Answer, Cut, Fault, FaultyProxy, Request, Reset
from tests.waiting import wait_for

SLEEPS = "import time; time.sleep(600)"
MANY = ["--set", f"seeds={list(range(20))}", "--set", "kubernetes.gpus=60"]
"""40 runs that ask for more GPUs than the quota allows, so that Jobs are created but no pod starts."""


def asked(door: FaultyProxy) -> Counter[str]:
    """Number of lists and watches of each kind."""
    kinds: Counter[str] = Counter()
    for request in door.requests:
        url = urlsplit(request.path)
        kinds[("watch " if "watch" in parse_qs(url.query) else "list ") + url.path.rpartition("/")[2]] += 1
    return kinds


def test_status_lists_each_kind_once_however_many_runs_there_are(gridctl: Gridctl, tmp_path: Path) -> None:
    assert gridctl("submit", "experiment.yaml", *MANY).returncode == 0
    with faulty_door(tmp_path) as (door, through):
        gridctl.environment |= through
        assert gridctl.totals() == {"queued": 40}
        assert asked(door) == {"list jobs": 1, "list pods": 1, "list events": 1}


@pytest.fixture
def live(experiment: Callable[..., Experiment], stub: Callable[[str], str]) -> Experiment:
    """An experiment with two runs that only sleep."""
    made = experiment(stub(SLEEPS), "models={unet: {channels: [4, 8]}}")
    backend(made).start(made.runs)
    return made


def test_a_watch_lists_once_and_then_hears_of_changes(
    live: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_door(tmp_path) as (door, through):
        monkeypatch.setenv("KUBECONFIG", through["KUBECONFIG"])
        with backend(live).follow(live.name) as followed:
            monkeypatch.undo()
            wait_for(lambda: [known.running for known in followed.observe().values()] == [True, True])
            assert all(time.time() - 60 < (known.started_at or 0) for known in followed.observe().values())
            backend(live).cancel([live.runs[0].run_id])
            wait_for(lambda: list(followed.observe()) == [live.runs[1].run_id])
            assert {kind: number for kind, number in asked(door).items() if "events" not in kind} == {
                "list jobs": 1,
                "watch jobs": 1,
                "list pods": 1,
                "watch pods": 1,
            }


def touch(cluster: Cluster, experiment: Experiment, times: list[int]) -> None:
    """Cause an event for the watch of Jobs."""
    times.append(len(times))
    path = f"/apis/batch/v1/namespaces/{experiment.kubernetes.namespace}/jobs/{experiment.runs[1].run_id}"
    cluster.patch(path, {"metadata": {"annotations": {"touched": str(times)}}})


def cut_watches(request: Request) -> Fault | None:
    """Cut the connection midway through the next event."""
    return Cut(100) if "watch=" in request.path else None


OUTAGES = {"500": Answer(500), "reset": Reset()}


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
def test_a_watch_outlives_an_outage(
    outage: Fault, cluster: Cluster, live: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """During the outage, status shows what it knew and says so; afterwards it shows what happened meanwhile."""
    with faulty_door(tmp_path) as (door, through):
        door.rule = cut_watches
        monkeypatch.setenv("KUBECONFIG", through["KUBECONFIG"])
        with backend(live).follow(live.name) as followed:
            monkeypatch.undo()
            wait_for(lambda: [known.running for known in followed.observe().values()] == [True, True])
            assert followed.problem == ""
            door.rule = lambda _: outage
            touch(cluster, live, [])
            wait_for(lambda: followed.problem)
            backend(live).cancel([live.runs[0].run_id])
            assert len(followed.observe()) == 2
            door.rule = lambda _: None
            wait_for(lambda: not followed.problem and list(followed.observe()) == [live.runs[1].run_id])


def test_a_watch_that_is_too_old_lists_again(
    cluster: Cluster, live: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_door(tmp_path) as (door, through):
        gone = 0

        def too_old(request: Request) -> Fault | None:
            nonlocal gone
            if "watch=" not in request.path or "/jobs" not in request.path:
                return None
            gone += 1
            return {1: Cut(20_000), 2: Answer(410, {}, b'{"reason": "Expired", "message": "too old"}')}.get(gone)

        door.rule = too_old
        monkeypatch.setenv("KUBECONFIG", through["KUBECONFIG"])
        with backend(live).follow(live.name) as followed:
            monkeypatch.undo()
            times: list[int] = []
            wait_for(lambda: touch(cluster, live, times) or asked(door)["list jobs"] == 2)
            assert len(door.hurt) == 2
            assert followed.problem == ""
            backend(live).cancel()
            wait_for(lambda: not followed.observe())


def test_watch_prints_changes_as_lines_of_json_through_outages(
    cluster: Cluster, gridctl: Gridctl, live: Experiment, tmp_path: Path
) -> None:
    (tmp_path / "experiment.yaml").write_text(live.document.to_yaml())
    assert gridctl("submit", "experiment.yaml").returncode == 0
    with faulty_door(tmp_path) as (door, through):
        door.rule = cut_watches
        command = gridctl.command("status", "--watch", "--json")
        environment = {**os.environ, **through}
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = map(json.loads, process.stdout)
            first = next(lines)["totals"]
            assert first["queued"] + first["running"] == 2
            door.rule = lambda _: Answer(503, {}, b"starting")
            touch(cluster, live, [])
            assert "overloaded or broken" in next(line["problem"] for line in lines if line["problem"])
            door.rule = lambda _: None
            backend(live).cancel()
            *_, last = lines
    assert process.returncode == 0
    assert (last["problem"], {state: number for state, number in last["totals"].items() if number}) == (
        "",
        {"not_started": 2},
    )
