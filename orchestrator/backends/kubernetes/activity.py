"""What a run's Job, its pods and its events come to, in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from orchestrator.backends.kubernetes.objects import Job, Pod
from orchestrator.backends.port import Activity
from trainer.contract import exit_codes

_EXIT_CODES: Final = {
    exit_codes.BUG: "exit code 1 (a bug, or a store that failed)",
    exit_codes.BAD_SPEC: "exit code 2 (bad specification, not retried)",
    exit_codes.BAD_DATA: "exit code 3 (bad data, not retried)",
    137: "killed (exit code 137)",
    exit_codes.STOPPED: "stopped after a checkpoint (exit code 143)",
}
_GOES_ON: Final = "`gridctl retry` goes on from the last checkpoint"
_NOT_STARTING: Final = ("ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName")


def activity_of(job: Job, pods: Iterable[Pod], failed_create: str = "") -> Activity:
    """What is known of one run.

    Args:
        job: Its Job.
        pods: Those of its Job that there still are.
        failed_create: What the newest FailedCreate event of the Job says, if there is one.
    """
    ordered = sorted(pods, key=lambda pod: (pod.created, pod.name))
    disruptions = sum(1 for pod in ordered if pod.disruption or pod.exit_code == exit_codes.STOPPED)
    if job.ended == "Failed":
        return Activity(failed=True, reason=_why_failed(job, ordered), disruptions=disruptions)
    if job.ended == "Complete" or job.deleting:
        return Activity(disruptions=disruptions)
    living = [pod for pod in ordered if pod.phase not in ("Succeeded", "Failed")]
    running = any(pod.phase == "Running" and not pod.deleting for pod in living)
    reason = "" if running else _why_waiting(job, living, ordered, failed_create)
    return Activity(active=True, running=running, reason=reason, disruptions=disruptions)


def failed_create_events(events: Iterable[Mapping[str, object]]) -> dict[str, str]:
    """Why Jobs could not create pods: the newest message of each, by name of the Job."""
    newest: dict[str, tuple[str, str]] = {}
    for event in events:
        involved = event.get("involvedObject")
        name = str(involved.get("name", "")) if isinstance(involved, Mapping) else ""
        when = str(event.get("lastTimestamp") or event.get("eventTime") or "")
        message = str(event.get("message", ""))
        if name and (name not in newest or when >= newest[name][0]):
            newest[name] = (when, re.sub(r'^Error creating: (pods "[^"]*" is forbidden: )?', "", message))
    return {name: message for name, (_, message) in newest.items()}


def _why_waiting(job: Job, living: list[Pod], all_pods: list[Pod], failed_create: str) -> str:
    if job.suspended:
        return "suspended: waits for its turn in the queue"
    if not living:
        if failed_create:
            return f"cannot create its pod: {failed_create}"
        if all_pods and job.counted_failures:
            return f"waits before its next attempt, after {_end_of(all_pods[-1])}"
        return "waits for its pod"
    pod = living[-1]
    if pod.deleting:
        return "is being stopped, then tried again"
    if pod.unschedulable:
        return f"waits for a node: {pod.unschedulable}"
    if pod.waiting_reason in _NOT_STARTING:
        return f"cannot pull its image: {pod.waiting_reason}: {_one_line(pod.waiting_message)}"
    if pod.waiting_reason and pod.waiting_reason != "ContainerCreating":
        return f"cannot start: {pod.waiting_reason}: {_one_line(pod.waiting_message)}"
    return f"starts on node {pod.node}" if pod.node else "waits for a node"


def _why_failed(job: Job, pods: list[Pod]) -> str:
    last = next((pod for pod in reversed(pods) if pod.exit_code is not None), None)
    if job.reason == "DeadlineExceeded":
        return f"was not done within kubernetes.deadline_seconds; {_GOES_ON}"
    if job.reason == "BackoffLimitExceeded":
        why = f"failed {job.counted_failures} times, kubernetes.retries is {job.retries}"
        return f"{why}; last: {_end_of(last)}; {_GOES_ON}" if last else f"{why}; {_GOES_ON}"
    if last is not None and last.exit_code in exit_codes.NEVER_RETRIED:
        return _EXIT_CODES[last.exit_code]
    return f"{job.reason}: {_one_line(job.message)}"


def _end_of(pod: Pod) -> str:
    if pod.exit_reason == "OOMKilled":
        return "out of memory (OOMKilled): raise kubernetes.memory, or lower batch_size"
    if pod.exit_code is None:
        return pod.phase
    return _EXIT_CODES.get(pod.exit_code, f"exit code {pod.exit_code}")


def _one_line(text: str) -> str:
    return " ".join(text.split())
