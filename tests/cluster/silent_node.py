"""A node without a kubelet. Through the real API server, a test reports what a kubelet would about node and pods."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.cluster.conftest import Cluster
from tests.waiting import wait_for

Json = dict[str, Any]


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class SilentNode:
    """A node that pods reach through a run's options."""

    cluster: Cluster
    namespace: str
    name: str

    @property
    def options(self) -> list[str]:
        """Options of an experiment whose pods should be scheduled on this node."""
        here = f"kubernetes.node_selector={{silent: {self.name}}}"
        return ["--set", here, "--set", "kubernetes.tolerations=[{operator: Exists}]"]

    @property
    def pods(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"

    def pod_of(self, run_id: str) -> str:
        """Name of the run's pod, as soon as it is scheduled on this node."""

        def scheduled() -> str | None:
            found = self.cluster.get(self.pods, labelSelector=f"job-name={run_id}")["items"]
            here = [pod for pod in found if pod["spec"].get("nodeName") == self.name]
            return str(here[0]["metadata"]["name"]) if here else None

        return str(wait_for(scheduled))

    def says(self, pod: str, status: Mapping[str, Any]) -> None:
        """Report what a kubelet would report about a pod."""
        self.cluster.patch(f"{self.pods}/{pod}/status", {"status": {"startTime": now(), **status}})

    def warns(self, pod: str, reason: str, message: str, when: str = "") -> None:
        """Record a Warning event about a pod."""
        event = {
            "metadata": {"generateName": "test-"},
            "involvedObject": {"kind": "Pod", "namespace": self.namespace, "name": pod},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "lastTimestamp": when or now(),
        }
        self.cluster.create(f"/api/v1/namespaces/{self.namespace}/events", event)

    def goes_away(self) -> None:
        """Report what the node controller reports about a node that has gone silent."""
        self.is_ready("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")

    def is_ready(self, status: str, reason: str, message: str) -> None:
        ready = {"type": "Ready", "status": status, "reason": reason, "message": message}
        times = {"lastHeartbeatTime": now(), "lastTransitionTime": now()}
        capacity = {"cpu": "64", "memory": "256Gi", "pods": "100", "ephemeral-storage": "500Gi"}
        body = {"status": {"capacity": capacity, "allocatable": capacity, "conditions": [{**ready, **times}]}}
        self.cluster.patch(f"/api/v1/nodes/{self.name}/status", body)


@contextlib.contextmanager
def silent_node(cluster: Cluster, namespace: str) -> Iterator[SilentNode]:
    """A ready node that accepts pods and reports nothing by itself; it is deleted afterwards."""
    name = f"silent-{uuid.uuid4().hex[:8]}"
    taint = {"key": "silent", "effect": "NoSchedule"}
    metadata = {"name": name, "labels": {"silent": name}}
    cluster.create("/api/v1/nodes", {"metadata": metadata, "spec": {"taints": [taint]}})
    node = SilentNode(cluster, namespace, name)
    try:
        node.is_ready("True", "KubeletReady", "kubelet is posting ready status")
        yield node
    finally:
        cluster.delete(node.pods, gracePeriodSeconds="0")
        cluster.delete(f"/api/v1/nodes/{name}")
