"""What gridctl needs to know about Jobs and pods, read from their JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self

from gridctl.executors.kubernetes.api.chosen_fields import WHOLE
from gridctl.executors.kubernetes.api.listing import Kind
from gridctl.executors.kubernetes.manifest.job_template import DIGEST_ANNOTATION

Json = Mapping[str, Any]

_CONDITIONS: Final = [{"type": WHOLE, "status": WHOLE, "reason": WHOLE, "message": WHOLE}]
_STATES: Final = [{"name": WHOLE, "state": WHOLE}]

_QUEUE_LABEL: Final = "kueue.x-k8s.io/queue-name"
_JOB_LABELS: Final = ("batch.kubernetes.io/job-name", "job-name")


@dataclass(frozen=True, slots=True)
class Job:
    """A Job.

    Attributes:
        name: The run's id.
        uid: Distinguishes it from an older Job of the same name.
        digest: Digest of the run's specification; empty if it is not one of gridctl's Jobs.
        ended: How it ended, if it has.
        failing: Whether it is given up, and only waits for its pods to end.
        reason, message: Why it failed or is failing, in Kubernetes' words.
        suspended: Whether Kueue or a person holds it back.
        queue: Kueue's queue that it is in; empty if none.
        deleting: Whether it is being deleted.
        counted_failures: Failed pods that count against its retries.
        retries: How many failed pods are allowed.
        pods: Pods that have not ended yet.
    """

    name: str
    uid: str
    digest: str
    ended: Literal["", "Complete", "Failed"]
    failing: bool
    reason: str
    message: str
    suspended: bool
    queue: str
    deleting: bool
    counted_failures: int
    retries: int
    pods: int

    @classmethod
    def from_json(cls, job: Json) -> Self:
        metadata, spec, status = job["metadata"], job.get("spec", {}), job.get("status", {})
        ended: Literal["", "Complete", "Failed"] = ""
        reason = message = ""
        suspended = bool(spec.get("suspend"))
        failing = False
        for condition in _true_conditions(status):
            if condition["type"] == "Complete":
                ended = "Complete"
            elif condition["type"] in ("Failed", "FailureTarget"):
                failing = True
                ended = "Failed" if condition["type"] == "Failed" else ended
                reason, message = condition.get("reason", ""), condition.get("message", "")
        return cls(
            name=metadata["name"],
            uid=metadata.get("uid", ""),
            digest=metadata.get("annotations", {}).get(DIGEST_ANNOTATION, ""),
            ended=ended,
            failing=failing,
            reason=reason,
            message=message,
            suspended=suspended,
            queue=metadata.get("labels", {}).get(_QUEUE_LABEL, ""),
            deleting="deletionTimestamp" in metadata,
            counted_failures=int(status.get("failed", 0)),
            retries=int(spec.get("backoffLimit", 0)),
            pods=int(status.get("active", 0)),
        )


JOBS: Final = Kind(
    {
        "metadata": {
            "name": WHOLE,
            "uid": WHOLE,
            "annotations": {DIGEST_ANNOTATION: WHOLE},
            "labels": {_QUEUE_LABEL: WHOLE},
            "deletionTimestamp": WHOLE,
        },
        "spec": {"suspend": WHOLE, "backoffLimit": WHOLE},
        "status": {"conditions": _CONDITIONS, "failed": WHOLE, "active": WHOLE},
    },
    Job.from_json,
)


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod, which is one attempt.

    Attributes:
        job: Name of its Job, which is the run's id.
        created: Time of its creation.
        phase: Pending, Running, Succeeded, Failed or Unknown.
        reason, message: Why it failed, such as Evicted or OutOfcpu; empty if its container says.
        node: Empty before it has one.
        gates: Names of scheduling gates that hold it back.
        unschedulable: Why it cannot be scheduled; empty if it was.
        seen_by_node: Whether its node has reported it.
        waiting_reason, waiting_message: Why a container does not run yet.
        exit_code: Of its container; None if it has not ended.
        exit_reason, exit_message: Such as OOMKilled; empty if there is none.
        disruption, disruption_message: Why it was disrupted, such as PreemptionByScheduler; empty if it was not.
        started: When its trainer began; None if it has not.
        ready: Whether its node reports it as ready.
        due: Deadline of its deletion; None if it is not being deleted.
    """

    name: str
    uid: str
    job: str
    created: datetime
    phase: str
    reason: str
    message: str
    node: str
    gates: tuple[str, ...]
    unschedulable: str
    seen_by_node: bool
    waiting_reason: str
    waiting_message: str
    exit_code: int | None
    exit_reason: str
    exit_message: str
    disruption: str
    disruption_message: str
    started: datetime | None
    ready: bool
    due: datetime | None

    @property
    def deleting(self) -> bool:
        """Whether it is being deleted."""
        return self.due is not None

    @classmethod
    def from_json(cls, pod: Json) -> Self:
        metadata, spec, status = pod["metadata"], pod.get("spec", {}), pod.get("status", {})
        labels = metadata.get("labels", {})
        state = _telling_state(status)
        terminated, waiting = state.get("terminated") or {}, state.get("waiting") or {}
        scheduled: Json = next((c for c in status.get("conditions") or () if c["type"] == "PodScheduled"), {})
        true = {condition["type"]: condition for condition in _true_conditions(status)}
        disrupted: Json = true.get("DisruptionTarget", {})
        due = metadata.get("deletionTimestamp")
        started = (state.get("running") or {}).get("startedAt")
        return cls(
            name=metadata["name"],
            uid=metadata.get("uid", ""),
            job=next((labels[name] for name in _JOB_LABELS if name in labels), ""),
            created=datetime.fromisoformat(metadata["creationTimestamp"]),
            phase=status.get("phase", "Pending"),
            reason=status.get("reason", ""),
            message=status.get("message", ""),
            node=spec.get("nodeName", ""),
            gates=tuple(gate["name"] for gate in spec.get("schedulingGates") or ()),
            unschedulable=scheduled.get("message", "") if scheduled.get("status") == "False" else "",
            seen_by_node="startTime" in status,
            waiting_reason=waiting.get("reason", ""),
            waiting_message=waiting.get("message", ""),
            exit_code=terminated.get("exitCode"),
            exit_reason=terminated.get("reason", ""),
            exit_message=terminated.get("message", ""),
            disruption=disrupted.get("reason", ""),
            disruption_message=disrupted.get("message", ""),
            started=datetime.fromisoformat(started) if started else None,
            ready="Ready" in true,
            due=datetime.fromisoformat(due) if due else None,
        )


PODS: Final = Kind(
    {
        "metadata": {
            "name": WHOLE,
            "uid": WHOLE,
            "labels": dict.fromkeys(_JOB_LABELS, WHOLE),
            "creationTimestamp": WHOLE,
            "deletionTimestamp": WHOLE,
        },
        "spec": {"nodeName": WHOLE, "schedulingGates": WHOLE},
        "status": {
            "phase": WHOLE,
            "reason": WHOLE,
            "message": WHOLE,
            "startTime": WHOLE,
            "conditions": _CONDITIONS,
            "initContainerStatuses": _STATES,
            "containerStatuses": _STATES,
        },
    },
    Pod.from_json,
)

STARTING: Final = ("", "ContainerCreating", "PodInitializing")
"""Reasons of a container that say nothing in particular."""


def _telling_state(status: Json) -> Json:
    """The most informative container state: one that cannot start, an init container that failed, else the trainer."""
    early = status.get("initContainerStatuses") or ()
    containers = status.get("containerStatuses") or ()
    for item in (*early, *containers):
        if (item.get("state", {}).get("waiting") or {}).get("reason", "") not in STARTING:
            return dict(item["state"])
    for item in early:
        if (item.get("state", {}).get("terminated") or {}).get("exitCode"):
            return dict(item["state"])
    trainers = [item for item in containers if item.get("name") == "trainer"] or containers
    return dict(trainers[0].get("state", {})) if trainers else {}


def _true_conditions(status: Json) -> Iterator[Json]:
    return (condition for condition in status.get("conditions") or () if condition.get("status") == "True")
