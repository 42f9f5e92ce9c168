"""`gridctl status` shows Kubernetes' own reason and message, newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gridctl.executors.kubernetes.api.refusals import RefusedError
from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster
from tests.cluster.kubeconfig import changed
from tests.cluster.silent_node import SilentNode, now, silent_node
from tests.waiting import wait_for

ONE_MODEL = ["--set", "models={unet: {channels: [4, 8]}}"]


@pytest.fixture
def node(cluster: Cluster, namespace: str) -> Iterator[SilentNode]:
    with silent_node(cluster, namespace) as made:
        yield made


class Runs:
    """Runs of one model, observed through the API server because a request is faster than a command."""

    def __init__(self, gridctl: Gridctl, cluster: Cluster, namespace: str) -> None:
        self._gridctl, self._cluster = gridctl, cluster
        self.jobs_path = f"/apis/batch/v1/namespaces/{namespace}/jobs"

    def __call__(self, number: int, *options: str) -> list[str]:
        """Submit this number of runs, and return their ids in the order of the seeds."""
        given = [*ONE_MODEL, "--set", f"seeds={list(range(number))}", *options]
        done = self._gridctl("submit", "experiment.yaml", *given)
        assert done.returncode == 0, done.stderr
        labels = [job["metadata"]["labels"] for job in self._jobs()]
        return [label["gridctl/run"] for label in sorted(labels, key=lambda label: int(label["gridctl/seed"]))]

    def until_all(self, condition: str) -> None:
        """Wait until the Job of each run has a condition."""

        def have_it() -> bool:
            found = [job.get("status", {}).get("conditions") or () for job in self._jobs()]
            return all(any(item["type"] == condition for item in conditions) for conditions in found)

        wait_for(have_it)

    def _jobs(self) -> list[dict[str, Any]]:
        return list(self._cluster.get(self.jobs_path)["items"])


@pytest.fixture
def submit(gridctl: Gridctl, cluster: Cluster, namespace: str) -> Runs:
    return Runs(gridctl, cluster, namespace)


def reasons(gridctl: Gridctl) -> dict[str, str]:
    return {run["run_id"]: run["reason"] for run in gridctl.json("status")["runs"]}


def terminated(exit_code: int, reason: str, message: str = "") -> dict[str, Any]:
    state = {"terminated": {"exitCode": exit_code, "reason": reason, "message": message, "finishedAt": now()}}
    status = {"name": "trainer", "image": "x", "imageID": "x", "ready": False, "restartCount": 0, "state": state}
    return {"phase": "Failed", "containerStatuses": [status]}


RUNNING = {
    "phase": "Running",
    "conditions": [{"type": "Ready", "status": "True"}],
    "containerStatuses": [
        {
            "name": "trainer",
            "image": "x",
            "imageID": "x",
            "ready": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
        }
    ],
}

SCRATCH = 'Usage of EmptyDir volume "scratch" exceeds the limit "200Mi". '
DISK = "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 9Gi. "
TOPOLOGY = "Allocate failed due to requested number of devices unavailable for nvidia.com/gpu."
CPU = "Pod was rejected: Node didn't have enough resource: cpu, requested: 100, used: 3950, capacity: 4000"
EXECUTABLE = 'exec: "gridctl-trainer": executable file not found in $PATH'
DIED: list[tuple[dict[str, Any], str]] = [
    (
        {**terminated(137, "Error"), "reason": "Evicted", "message": SCRATCH},
        f"Evicted: {SCRATCH[:-2]}: raise kubernetes.scratch",
    ),
    ({"phase": "Failed", "reason": "Evicted", "message": DISK}, f"Evicted: {DISK[:-2]}"),
    (
        {"phase": "Failed", "reason": "UnexpectedAdmissionError", "message": TOPOLOGY},
        f"UnexpectedAdmissionError: {TOPOLOGY[:-1]}",
    ),
    ({"phase": "Failed", "reason": "OutOfcpu", "message": CPU}, f"OutOfcpu: {CPU}"),
    ({"phase": "Failed", "reason": "SolarFlare", "message": "bits\n\x1b[2Jfell"}, "SolarFlare: bits [2Jfell; "),
    (terminated(137, "OOMKilled"), "out of memory (OOMKilled): raise kubernetes.memory"),
    (terminated(128, "StartError", EXECUTABLE), f"StartError: {EXECUTABLE}"),
    (terminated(137, "Error"), "killed (exit code 137)"),
]


def test_why_a_run_died(gridctl: Gridctl, submit: Runs, node: SilentNode) -> None:
    runs = submit(len(DIED), *node.options, "--set", "kubernetes.retries=0")
    for run_id, (status, _) in zip(runs, DIED, strict=True):
        node.says(node.pod_of(run_id), status)
    submit.until_all("Failed")
    said = reasons(gridctl)
    for run_id, (_, words) in zip(runs, DIED, strict=True):
        assert f"kubernetes.retries is 0; last: {words}" in said[run_id]


def test_why_a_pod_does_not_start_and_what_became_of_the_one_before(
    gridctl: Gridctl, submit: Runs, node: SilentNode, cluster: Cluster
) -> None:
    mounts, waits, again, evicted = submit(4, *node.options)
    pod = node.pod_of(mounts)
    node.says(pod, {"phase": "Pending"})
    node.warns(pod, "FailedAttachVolume", "Multi-Attach error for volume pv-7", when="2020-01-01T00:00:00Z")
    node.warns(pod, "FailedMount", "MountVolume.SetUp failed for volume pv-7: rpc error: DeadlineExceeded")
    state = {"waiting": {"reason": "CreateContainerError", "message": 'failed to reserve container name "trainer"'}}
    status = {"name": "trainer", "image": "x", "imageID": "x", "ready": False, "restartCount": 0, "state": state}
    node.says(node.pod_of(waits), {"phase": "Pending", "containerStatuses": [status]})
    node.says(node.pod_of(again), {"phase": "Failed", "reason": "OutOfmemory", "message": "no room"})
    wait_for(lambda: cluster.get(f"{submit.jobs_path}/{again}")["status"].get("failed"))
    pod = node.pod_of(evicted)
    node.says(pod, RUNNING)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
    cluster.create(f"{node.pods}/{pod}/eviction", eviction)
    said = reasons(gridctl)
    assert said[evicted] == "is being stopped (EvictionByEvictionAPI: Eviction API: evicting), then tried again"
    mount = "which last reported FailedMount: MountVolume.SetUp failed for volume pv-7: rpc error: DeadlineExceeded"
    assert said[mounts] == f"starts on node {node.name}, {mount}"
    assert said[waits] == 'cannot start: CreateContainerError: failed to reserve container name "trainer"'
    assert said[again].endswith("OutOfmemory: no room")


def test_a_lost_node_is_named_with_its_time_and_what_an_administrator_can_do(
    gridctl: Gridctl, submit: Runs, node: SilentNode, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    (run_id,) = submit(1, *node.options, "--set", "kubernetes.grace_seconds=1")
    pod = node.pod_of(run_id)
    node.says(pod, RUNNING)
    node.goes_away()
    lost = f"node {node.name} is not ready since "
    why = "(NodeStatusUnknown: Kubelet stopped posting node status)"
    node.says(pod, {"conditions": [{"type": "Ready", "status": "False"}]})  # as the node controller does
    (said,) = reasons(gridctl).values()
    assert said.startswith(f"may be lost: {lost}")
    assert why in said
    node.warns(pod, "NodeNotReady", "Node is not ready", when="2026-01-02T03:04:05Z")
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/gridctl/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    rights_of_the_base = changed(tmp_path, user={"token": cluster.create(account, body)["status"]["token"]})
    gridctl.environment |= rights_of_the_base  # they do not allow reading nodes
    (said,) = reasons(gridctl).values()
    still = "not ready since 2026-01-02 03:04:05 UTC; no progress for "
    assert said.startswith(f"may be lost: node {node.name} is {still}")
    gridctl.environment.clear()
    cluster.delete(f"{node.pods}/{pod}")
    wait_for(lambda: cluster.get(f"{node.pods}/{pod}")["metadata"]["deletionTimestamp"] < now())
    (said,) = reasons(gridctl).values()
    assert said.startswith(lost)
    assert why in said
    assert f"kubectl delete node {node.name}" in said
    assert f"kubectl taint nodes {node.name} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute" in said
    shown = " ".join(gridctl("status").stdout.split())
    assert lost in shown
    gridctl.environment |= rights_of_the_base
    (said,) = reasons(gridctl).values()
    assert said.startswith("was to end by 20")
    assert f"which node {node.name} has not confirmed" in said
    assert f"kubectl delete node {node.name}" in said


def test_a_job_that_is_given_up_does_not_claim_to_be_tried_again(
    gridctl: Gridctl, submit: Runs, node: SilentNode, cluster: Cluster
) -> None:
    (run_id,) = submit(1, *node.options, "--set", "kubernetes.grace_seconds=1")
    node.says(node.pod_of(run_id), RUNNING)
    cluster.patch(f"{submit.jobs_path}/{run_id}", {"spec": {"activeDeadlineSeconds": 1}})
    submit.until_all("FailureTarget")
    assert reasons(gridctl)[run_id].startswith("is given up: DeadlineExceeded: ")


def test_scheduling_gates_are_named(
    gridctl: Gridctl, submit: Runs, stub: Callable[[str], str], cluster: Cluster, namespace: str
) -> None:
    template = Path(stub("pass").partition("=")[2])
    never = "restartPolicy: Never"
    template.write_text(
        template.read_text().replace(never, f"{never}\n      schedulingGates: [{{name: lab.org/budget}}]")
    )
    submit(1, "--set", f"kubernetes.template={template}")
    wait_for(lambda: cluster.get(f"/api/v1/namespaces/{namespace}/pods")["items"])
    assert "scheduling gates: lab.org/budget" in next(iter(reasons(gridctl).values()))


def test_scratch_that_overflows_is_an_eviction(
    gridctl: Gridctl, submit: Runs, stub: Callable[[str], str], cluster: Cluster, namespace: str
) -> None:
    """The kubelet kills the pod with a SIGTERM first: the run is tried again, and status says why it died."""
    fill = "import time; open('/tmp/full', 'wb').write(bytes(4 << 20)); time.sleep(600)"
    submit(1, "--set", stub(fill), "--set", "kubernetes.scratch=1Mi")
    pods = f"/api/v1/namespaces/{namespace}/pods"
    wait_for(lambda: cluster.get(pods, fieldSelector="status.phase=Failed")["items"], 240)
    (said,) = reasons(gridctl).values()
    assert "Evicted: " in said
    assert "1Mi" in said
    assert "raise kubernetes.scratch" in said or "raise kubernetes.ephemeral_storage_limit" in said


def test_a_volume_that_cannot_be_mounted_is_said(
    gridctl: Gridctl, submit: Runs, cluster: Cluster, namespace: str
) -> None:
    """A real claim for a folder that does not exist on the node."""
    common = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
    spec = {
        "capacity": {"storage": "1Gi"},
        "hostPath": {"path": "/no/such/folder", "type": "Directory"},
        "claimRef": {"namespace": namespace, "name": "gone"},
        **common,
    }
    cluster.create("/api/v1/persistentvolumes", {"metadata": {"name": namespace}, "spec": spec})
    try:
        wanted = {"resources": {"requests": {"storage": "1Gi"}}, "volumeName": namespace, **common}
        claims = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
        cluster.create(claims, {"metadata": {"name": "gone"}, "spec": wanted})
        submit(1, "--set", "kubernetes.volumes={/data: {claim: gone}}")
        events = f"/api/v1/namespaces/{namespace}/events"
        wait_for(lambda: cluster.get(events, fieldSelector="reason=FailedMount")["items"])
        (said,) = reasons(gridctl).values()
        assert "FailedMount: " in said
        assert "/no/such/folder is not a directory" in said
    finally:
        cluster.delete(f"/api/v1/persistentvolumes/{namespace}")


@pytest.fixture
def workloads(cluster: Cluster) -> Iterator[None]:
    """Kueue's kind Workload, as served by a cluster with only the newest version."""
    names = {"kind": "Workload", "listKind": "WorkloadList", "plural": "workloads", "singular": "workload"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1beta2", "served": True, "storage": True, "schema": schema}
    spec = {"group": "kueue.x-k8s.io", "scope": "Namespaced", "names": names, "versions": [version]}
    path, name = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "workloads.kueue.x-k8s.io"
    if cluster.get(path, fieldSelector=f"metadata.name={name}")["items"]:
        pytest.skip("this cluster has Kueue, whose Workloads are not a test's to make")
    note = {"api-approved.kubernetes.io": "unapproved, a test's own"}
    cluster.create(path, {"metadata": {"name": name, "annotations": note}, "spec": spec})
    try:
        yield
    finally:
        cluster.delete(f"{path}/{name}")


def test_kueue_says_itself_why_it_holds_a_run_back(
    gridctl: Gridctl, submit: Runs, cluster: Cluster, namespace: str, workloads: None
) -> None:
    (run_id,) = submit(1, "--set", "kubernetes.queue=research")
    cluster.patch(f"{submit.jobs_path}/{run_id}", {"spec": {"suspend": True}})
    (said,) = reasons(gridctl).values()
    assert said == "suspended: waits for its turn in queue research"
    uid = cluster.get(f"{submit.jobs_path}/{run_id}")["metadata"]["uid"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": run_id, "uid": uid}
    quota = (
        "couldn't assign flavors to pod set main: insufficient unused quota for cpu in flavor default, 2 more needed"
    )
    evicted = {"type": "Evicted", "status": "True", "reason": "Preempted", "message": "to accommodate a workload"}
    waits = {"type": "QuotaReserved", "status": "False", "reason": "Pending", "message": quota}
    status = {
        "conditions": [
            {**waits, "lastTransitionTime": "2026-01-02T00:00:00Z"},
            {**evicted, "lastTransitionTime": "2026-01-01T00:00:00Z"},
        ]
    }
    kind = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "Workload"}
    path = f"/apis/kueue.x-k8s.io/v1beta2/namespaces/{namespace}/workloads"
    wait_for(lambda: served(cluster, path))
    cluster.create(path, {**kind, "metadata": {"name": "w", "ownerReferences": [owner]}, "status": status})
    (said,) = reasons(gridctl).values()
    assert said == f"suspended: waits for its turn in queue research: Pending: {quota}"


def served(cluster: Cluster, path: str) -> bool:
    try:
        cluster.get(path)
    except RefusedError:
        return False
    return True
