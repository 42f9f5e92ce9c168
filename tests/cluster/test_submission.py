"""A submission that is killed, started twice, or meets a failing API server neither loses nor duplicates runs."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from gridctl.experiment import load_experiment
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.storage.base import open_store
from tests.cluster.commands import Gridctl, one_message
from tests.cluster.conftest import Cluster
from tests.cluster.kubeconfig import faulty_door
from tests.faulty_proxy import Answer, Fault, FaultyProxy, Hold, Request, Reset
from tests.waiting import wait_for

RUNS = 24
MANY = ["--set", f"seeds={list(range(RUNS // 2))}", "--set", "kubernetes.gpus=60"]
"""Asks for more GPUs than the quota allows, so that Jobs are created but no pod starts."""


def jobs(cluster: Cluster, folder: Path) -> dict[str, str]:
    """The uid of each Job, by name."""
    namespace = load_experiment(folder / "experiment.yaml").kubernetes.namespace
    items = cluster.get(f"/apis/batch/v1/namespaces/{namespace}/jobs")["items"]
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in items}


@pytest.mark.parametrize("k", [1, 8, 20])
def test_a_submission_killed_after_k_of_n_creations_is_completed_by_the_next(
    k: int, cluster: Cluster, gridctl: Gridctl, tmp_path: Path
) -> None:
    """Requests to create Jobs after the k-th never reach the API server; a proxy holds them until the command ends."""
    with faulty_door(tmp_path) as (door, through):
        created, killed, counting = 0, threading.Event(), threading.Lock()

        def held(request: Request) -> Fault | None:
            nonlocal created
            if request.method != "POST" or not request.path.split("?")[0].endswith("/jobs"):
                return None
            with counting:
                created += 1
                if created <= k:
                    return None
            killed.wait(120)
            return Reset()

        door.rule = held
        with subprocess.Popen(
            gridctl.command("submit", "experiment.yaml", *MANY),
            cwd=tmp_path,
            env={**os.environ, **through},
            stderr=subprocess.DEVNULL,
        ) as process:
            while created <= k and process.poll() is None:
                time.sleep(0.005)
            wait_for(lambda: jobs(cluster, tmp_path), 30)  # the first may still be under way
            process.kill()
        killed.set()
    before = jobs(cluster, tmp_path)
    assert 0 < len(before) <= k, "killed midway"
    again = gridctl("submit", "experiment.yaml", *MANY)
    assert again.returncode == 0, again.stderr
    after = jobs(cluster, tmp_path)
    assert len(after) == RUNS
    assert before.items() <= after.items(), "none was made anew"


REFUSED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


def specified(folder: Path) -> set[str]:
    """Ids of the runs whose specifications are in the store."""
    experiment = load_experiment(folder / "experiment.yaml", MANY[1::2])
    keys = {stat.key for stat in open_store(experiment.store).list(experiment.name)}
    return {run.run_id for run in experiment.runs if RunLayout(run.experiment, run.run_id).spec in keys}


def is_specification(request: Request) -> bool:
    return request.method == "PUT" and request.path.split("?")[0].endswith(RunLayout("e", "r").spec.rpartition("/")[2])


def test_jobs_are_created_while_specifications_are_uploaded_and_each_after_its_own(
    cluster: Cluster, gridctl: Gridctl, tmp_path: Path
) -> None:
    """Most specifications reach the store only after the first Job exists."""
    put, seen = 0, threading.Event()

    def held(request: Request) -> Fault | None:
        nonlocal put
        put += is_specification(request)
        return Hold(seen) if is_specification(request) and put > 8 else None

    with FaultyProxy(os.environ["AWS_ENDPOINT_URL_S3"]).running() as door:
        door.rule = held
        with subprocess.Popen(
            gridctl.command("submit", "experiment.yaml", *MANY),
            cwd=tmp_path,
            env={**os.environ, "AWS_ENDPOINT_URL_S3": door.url},
            stderr=subprocess.DEVNULL,
        ) as process:
            while process.poll() is None:
                created = set(jobs(cluster, tmp_path))
                there = specified(tmp_path)
                assert created <= there
                if created and not seen.is_set():
                    assert len(there) <= 8, "it waited for all of them"
                    seen.set()
                time.sleep(0.2)
        assert process.returncode == 0
    assert len(jobs(cluster, tmp_path)) == len(specified(tmp_path)) == RUNS


def test_a_store_that_fails_midway_leaves_no_job_without_a_specification(
    cluster: Cluster, gridctl: Gridctl, tmp_path: Path
) -> None:
    with FaultyProxy(os.environ["AWS_ENDPOINT_URL_S3"]).running() as door:
        put = 0

        def refused(request: Request) -> Fault | None:
            nonlocal put
            put += is_specification(request)
            return Answer(403, {}, REFUSED) if is_specification(request) and put > 8 else None

        door.rule = refused
        gridctl.environment["AWS_ENDPOINT_URL_S3"] = door.url
        one_message(gridctl("submit", "experiment.yaml", *MANY))
    created = set(jobs(cluster, tmp_path))
    assert len(created) <= 8
    assert created <= specified(tmp_path)
    gridctl.environment.clear()
    assert gridctl("submit", "experiment.yaml", *MANY).returncode == 0
    assert len(jobs(cluster, tmp_path)) == len(specified(tmp_path)) == RUNS


def test_two_submissions_at_once_make_every_job_once(cluster: Cluster, gridctl: Gridctl, tmp_path: Path) -> None:
    command = gridctl.command("submit", "experiment.yaml", *MANY)
    both = [subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert len(jobs(cluster, tmp_path)) == RUNS


FAULTS = {
    "429": Answer(429, {"Retry-After": "1"}, b"slow down"),
    "500": Answer(500, {}, b"internal error"),
    "503": Answer(503, {}, b"etcdserver: leader changed"),
    "reset before": Reset(),
    "reset after": Reset(forwarded=True),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_failing_api_server_loses_and_doubles_nothing(
    fault: Fault, cluster: Cluster, gridctl: Gridctl, tmp_path: Path
) -> None:
    """Every third request fails. If all tries of one request fail, the command ends, and the next one continues."""
    with faulty_door(tmp_path) as (door, through):
        gridctl.environment |= through
        door.rule = lambda request: fault if request.number % 3 == 0 else None
        for _ in range(3):
            submitted = gridctl("submit", "experiment.yaml", *MANY)
            if submitted.returncode == 0:
                break
            one_message(submitted)
        assert submitted.returncode == 0, submitted.stderr
        assert len(door.hurt) >= RUNS // 3
        first = jobs(cluster, tmp_path)
        assert len(first) == RUNS
    gridctl.environment.clear()
    assert gridctl("submit", "experiment.yaml", *MANY).returncode == 0
    assert jobs(cluster, tmp_path) == first
    assert gridctl.totals() == {"queued": RUNS}
