"""If Jobs fail alike, no more are created, status gives the reason once, and running Jobs are left alone."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster
from tests.cluster.test_max_active import jobs_in
from tests.waiting import wait_for

Stub = Callable[[str], str]

TWELVE = ["--set", "seeds=[1, 2, 3, 4, 5, 6]", "--set", "kubernetes.cpu=1m"]
FAILS_BUT_FOR_THE_FIRST = """
import os, sys, time
name = os.environ["HOSTNAME"]
time.sleep(600) if name.startswith("demo-unet-r50-none-s1-") else sys.exit(2)
"""


def test_no_more_jobs_are_created_once_the_first_failed_alike(
    cluster: Cluster, gridctl: Gridctl, namespace: str, stub: Stub
) -> None:
    fails = stub(FAILS_BUT_FOR_THE_FIRST)
    done = gridctl("submit", "experiment.yaml", *TWELVE, "--set", fails, "--max-active", "2", "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert found["failed"] == {}, "these Jobs were created: that they failed is their own affair"
    assert len(found["created"]) + len(found["not_started"]) == 12
    assert len(found["not_started"]) >= 6
    assert "failed for the same reason: exit code 2" in done.stderr
    assert "gridctl cancel" in done.stderr
    jobs = jobs_in(cluster, namespace)
    assert {job["metadata"]["name"] for job in jobs} == set(found["created"])
    (active,) = [job for job in jobs if job["status"].get("active")]
    assert active["metadata"]["name"].startswith("demo-unet-r50-none-s1-"), "what runs is left alone"
    wait_for(lambda: gridctl.totals()["running"] == 1)
    shown = " ".join(gridctl("status").stdout.split())
    assert shown.count("exit code 2") == 1, shown
    assert "`gridctl cancel demo` stops what is active" in shown
    assert len(gridctl.json("status")["shared_cause"]["runs"]) >= 3
    gridctl("cancel")
