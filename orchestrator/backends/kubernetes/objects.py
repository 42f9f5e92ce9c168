"""What gridctl needs to know of Jobs and pods, read from their JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from orchestrator.manifest import DIGEST_ANNOTATION

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """A Job.

    Attributes:
        name: The run's id.
        uid: Tells it from an older Job of the same name.
        digest: Of the run's specification; empty if it is not one of gridctl's.
        ended: How, if it has.
        reason, message: Why it failed, in Kubernetes' words.
        suspended: Whether Kueue or a person holds it back.
        deleting: Whether it is being deleted.
        counted_failures: Pods that count against its retries.
        retries: How many may.
        pods: Not ended yet.
    """

    name: str
    uid: str
    digest: str
    ended: Literal["", "Complete", "Failed"]
    reason: str
    message: str
    suspended: bool
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
        for condition in _true_conditions(status):
            if condition["type"] == "Complete":
                ended = "Complete"
            elif condition["type"] == "Failed":
                ended = "Failed"
                reason, message = condition.get("reason", ""), condition.get("message", "")
        return cls(
            name=metadata["name"],
            uid=metadata.get("uid", ""),
            digest=metadata.get("annotations", {}).get(DIGEST_ANNOTATION, ""),
            ended=ended,
            reason=reason,
            message=message,
            suspended=suspended,
            deleting="deletionTimestamp" in metadata,
            counted_failures=int(status.get("failed", 0)),
            retries=int(spec.get("backoffLimit", 0)),
            pods=int(status.get("active", 0)),
        )


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod, which is one attempt.

    Attributes:
        job: Name of its Job, which is the run's id.
        created: When.
        phase: Pending, Running, Succeeded, Failed or Unknown.
        node: Empty before it has one.
        unschedulable: Why no node takes it; empty if one did.
        waiting_reason, waiting_message: Why its container does not run yet.
        exit_code: Of its container; None if it has not ended.
        exit_reason: Such as OOMKilled; empty if there is none.
        disruption: Why it was disrupted, such as PreemptionByScheduler; empty if it was not.
        deleting: Whether it is being deleted.
    """

    name: str
    uid: str
    job: str
    created: datetime
    phase: str
    node: str
    unschedulable: str
    waiting_reason: str
    waiting_message: str
    exit_code: int | None
    exit_reason: str
    disruption: str
    deleting: bool

    @classmethod
    def from_json(cls, pod: Json) -> Self:
        metadata, spec, status = pod["metadata"], pod.get("spec", {}), pod.get("status", {})
        labels = metadata.get("labels", {})
        container: Json = next(
            (item for item in status.get("containerStatuses", ()) if item.get("name") == "trainer"),
            next(iter(status.get("containerStatuses", ())), {}),
        )
        state = container.get("state", {})
        terminated, waiting = state.get("terminated", {}), state.get("waiting", {})
        scheduled: Json = next((c for c in status.get("conditions", ()) if c["type"] == "PodScheduled"), {})
        disrupted: Json = next((c for c in _true_conditions(status) if c["type"] == "DisruptionTarget"), {})
        return cls(
            name=metadata["name"],
            uid=metadata.get("uid", ""),
            job=labels.get("batch.kubernetes.io/job-name", labels.get("job-name", "")),
            created=datetime.fromisoformat(metadata["creationTimestamp"]),
            phase=status.get("phase", "Pending"),
            node=spec.get("nodeName", ""),
            unschedulable=scheduled.get("message", "") if scheduled.get("status") == "False" else "",
            waiting_reason=waiting.get("reason", ""),
            waiting_message=waiting.get("message", ""),
            exit_code=terminated.get("exitCode"),
            exit_reason=terminated.get("reason", ""),
            disruption=disrupted.get("reason", ""),
            deleting="deletionTimestamp" in metadata,
        )


def _true_conditions(status: Json) -> Iterator[Json]:
    return (condition for condition in status.get("conditions") or () if condition.get("status") == "True")
