"""`gridctl doctor` finds Kueue's queue, whichever version of its API a cluster serves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from gridctl.executors.kubernetes.api.refusals import RefusedError
from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster
from tests.waiting import wait_for

GROUP = "kueue.x-k8s.io"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
QUEUE = ("--set", "kubernetes.queue=research")


def definition(versions: Sequence[str]) -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"localqueues.{GROUP}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, a test"},
        },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": "localqueues", "singular": "localqueue", "kind": "LocalQueue"},
            "versions": [
                {"name": version, "served": True, "storage": number == 0, "schema": schema}
                for number, version in enumerate(versions)
            ],
        },
    }


@contextlib.contextmanager
def serving(cluster: Cluster, *versions: str) -> Iterator[None]:
    """Serve LocalQueues of these versions only, as Kueue defines them."""

    def served() -> list[str]:
        groups = {group["name"]: group for group in cluster.get("/apis")["groups"]}
        return [version["version"] for version in groups.get(GROUP, {}).get("versions", ())]

    if served():
        pytest.skip("the cluster has Kueue, whose definitions are not to be changed")
    cluster.create(DEFINITIONS, definition(versions))
    try:
        wait_for(lambda: sorted(served()) == sorted(versions))
        yield
    finally:
        cluster.delete(f"{DEFINITIONS}/localqueues.{GROUP}")
        wait_for(lambda: not served())


def line(gridctl: Gridctl) -> str:
    done = gridctl("doctor", "experiment.yaml", *QUEUE)
    return next(line for line in done.stdout.splitlines() if " queue: " in line)


@pytest.mark.parametrize("versions", [["v1beta2"], ["v1beta1"], ["v1beta1", "v1beta2"], ["v3"]], ids="-".join)
def test_the_queue_in_any_version(versions: list[str], gridctl: Gridctl, cluster: Cluster, namespace: str) -> None:
    with serving(cluster, *versions):
        path = f"/apis/{GROUP}/{versions[0]}/namespaces/{namespace}/localqueues"
        if versions == ["v1beta2"]:
            assert "failed" in (said := line(gridctl))
            assert f"there is no LocalQueue research in {namespace}" in said
        body = {"apiVersion": f"{GROUP}/{versions[0]}", "kind": "LocalQueue", "metadata": {"name": "research"}}
        wait_for(lambda: _created(cluster, path, body))
        assert line(gridctl).startswith("ok       queue: LocalQueue research is there")
        if versions == ["v1beta2"]:
            stopped = {"type": "Active", "status": "False", "message": "ClusterQueue hearts does not exist"}
            cluster.patch(f"{path}/research", {"status": {"conditions": [stopped]}})
            assert "not active: ClusterQueue hearts does not exist" in line(gridctl)


def test_no_kueue(gridctl: Gridctl) -> None:
    assert line(gridctl).startswith("failed   queue: there is no Kueue in this cluster")


def _created(cluster: Cluster, path: str, body: dict[str, Any]) -> bool:
    """A new definition may be listed before it is served."""
    try:
        cluster.create(path, body)
    except RefusedError as error:
        if error.status == 404:
            return False
        raise
    return True
