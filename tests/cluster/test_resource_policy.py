"""Jobs pass policies on requests and limits; a refusal names the policy object and the keys to change."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster
from tests.waiting import wait_for

DEFAULTS = [f"kubernetes.{key}=null" for key in ("cpu_limit", "memory_limit", "ephemeral_storage_limit")]
ONE_RUN = ["models={unet: {channels: [4, 8]}}", "seeds=[1]", *DEFAULTS]

LIMITS_WITHIN_A_FIFTH = {
    "type": "Container",
    "maxLimitRequestRatio": {"cpu": "1.2", "memory": "1.2", "ephemeral-storage": "1.2"},
    "max": {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "20Gi"},
}
QUOTA = {"limits.cpu": "2", "limits.memory": "16Gi", "limits.ephemeral-storage": "30Gi"}


@pytest.fixture
def limit_range(cluster: Cluster, namespace: str) -> None:
    made = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "fair-share"}}
    spec = {"limits": [LIMITS_WITHIN_A_FIFTH]}
    cluster.create(f"/api/v1/namespaces/{namespace}/limitranges", {**made, "spec": spec})


@pytest.fixture
def quota(cluster: Cluster, namespace: str) -> None:
    made = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "group-share"}}
    path = f"/api/v1/namespaces/{namespace}/resourcequotas"
    cluster.create(path, {**made, "spec": {"hard": QUOTA}})
    wait_for(lambda: cluster.get(f"{path}/group-share").get("status", {}).get("hard") == QUOTA)


def options(*assignments: str) -> list[str]:
    return [word for assignment in (*ONE_RUN, *assignments) for word in ("--set", assignment)]


def test_a_default_job_passes_and_its_pod_starts(
    limit_range: None, quota: None, cluster: Cluster, gridctl: Gridctl, namespace: str
) -> None:
    done = gridctl("submit", "experiment.yaml", "--dry-run", *options())
    assert done.returncode == 0, done.stderr
    assert gridctl("submit", "experiment.yaml", *options()).returncode == 0

    def pods() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = cluster.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
        return found

    (pod,) = wait_for(pods)
    resources = pod["spec"]["containers"][0]["resources"]
    assert resources["limits"] == resources["requests"]


REFUSED = {
    "ratio": (["cpu_limit=200m"], "cpu max limit to request ratio", "fair-share", "kubernetes.cpu_limit"),
    "largest": (["memory=9Gi"], "maximum memory usage per Container is 8Gi", "fair-share", "kubernetes.memory_limit"),
    "disk": (
        ["ephemeral_storage=5Gi", "ephemeral_storage_limit=19Gi"],
        "ephemeral-storage max limit to request ratio",
        "fair-share",
        "kubernetes.ephemeral_storage_limit",
    ),
}


@pytest.mark.parametrize(("assignments", "said", "name", "key"), REFUSED.values(), ids=REFUSED.keys())
def test_a_limit_range_that_refuses_is_named(
    limit_range: None, assignments: list[str], said: str, name: str, key: str, gridctl: Gridctl
) -> None:
    given = options(*[f"kubernetes.{assignment}" for assignment in assignments])
    for done in (
        gridctl("submit", "experiment.yaml", "--dry-run", *given),
        gridctl("doctor", "experiment.yaml", *given),
    ):
        assert done.returncode != 0
        assert said in done.stdout + done.stderr
        assert f"LimitRange {name}" in done.stdout + done.stderr
    assert key in done.stdout


@pytest.mark.parametrize(
    ("assignment", "said"),
    [("cpu=3", "exceeded quota: group-share, requested: limits.cpu=3"), ("memory_limit=none", "must specify")],
)
def test_a_quota_that_refuses_is_named(quota: None, assignment: str, said: str, gridctl: Gridctl) -> None:
    done = gridctl("doctor", "experiment.yaml", *options(f"kubernetes.{assignment}"))
    assert done.returncode != 0
    assert said in done.stdout
    assert "group-share" in done.stdout
    assert "kubernetes." + assignment.partition("=")[0] in done.stdout


def test_status_says_what_a_limit_range_refuses(
    limit_range: None, cluster: Cluster, gridctl: Gridctl, namespace: str
) -> None:
    assert gridctl("submit", "experiment.yaml", *options("kubernetes.cpu_limit=200m")).returncode == 0
    events = f"/api/v1/namespaces/{namespace}/events"
    wait_for(lambda: cluster.get(events, fieldSelector="reason=FailedCreate")["items"])
    (run,) = gridctl.json("status")["runs"]
    assert run["reason"].startswith("cannot create its pod: cpu max limit to request ratio per Container is 1200m")
    assert run["reason"].endswith("set kubernetes.cpu and kubernetes.cpu_limit to what it allows")
