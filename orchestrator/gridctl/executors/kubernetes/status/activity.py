"""Summarises a run's Job, its pods, their events and nodes in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gridctl.executors.base import Activity
from gridctl.executors.kubernetes.preflight.resource_policy import what_to_change
from gridctl.executors.kubernetes.status.node_state import NodeState
from gridctl.executors.kubernetes.status.objects import Job, Pod
from gridctl.executors.kubernetes.status.pod_end import EXIT_CODES, end_of, one_line, with_message
from gridctl.executors.kubernetes.status.pod_wait import why_ending, why_pending, why_unwell
from gridctl.executors.kubernetes.status.warning_events import Warnings
from gridctl.terminal.console import count
from gridctl_trainer.contract import exit_codes

_GOES_ON: Final = "`gridctl retry` goes on from the last checkpoint"


@dataclass(frozen=True, slots=True)
class Causes:
    """Further answers of the API server, requested because something does not run.

    Attributes:
        warnings: The newest warning about each object.
        nodes: Nodes of pods with problems, by name.
        held_back: Why Kueue holds Jobs back, by uid.
    """

    warnings: Warnings = field(default_factory=dict)
    nodes: Mapping[str, NodeState] = field(default_factory=dict)
    held_back: Mapping[str, str] = field(default_factory=dict)


def activity_of(job: Job, pods: Iterable[Pod], causes: Causes) -> Activity:
    """What is known of one run.

    Args:
        job: Its Job.
        pods: Pods of its Job that still exist.
        causes: Further answers.
    """
    ordered = sorted(pods, key=lambda pod: (pod.created, pod.name))
    disruptions = sum(1 for pod in ordered if pod.disruption or pod.exit_code == exit_codes.STOPPED)
    if job.ended == "Failed":
        return Activity(failed=True, reason=_why_failed(job, ordered), disruptions=disruptions)
    if job.ended == "Complete" or job.deleting:
        return Activity(disruptions=disruptions)
    pod = next((pod for pod in reversed(ordered) if is_living(pod)), None)
    running = pod is not None and pod.phase == "Running" and not pod.deleting
    reasons = [_why_now(job, pod, ordered, causes)]
    before = next((pod for pod in reversed(ordered) if pod.phase == "Failed"), None)
    if before is not None and (pod is not None or not job.counted_failures):
        reasons.append(f"the attempt before: {end_of(before)}")
    reason = "; ".join(filter(None, reasons))
    started_at = pod.started.timestamp() if pod is not None and pod.started else None
    return Activity(
        active=True,
        running=running,
        reason=reason,
        disruptions=disruptions,
        started_at=started_at,
        attempt_uid=pod.uid if pod is not None else "",
    )


def is_living(pod: Pod) -> bool:
    """Whether its attempt has not ended, as far as its node has reported."""
    return pod.phase not in ("Succeeded", "Failed")


def _why_now(job: Job, pod: Pod | None, pods: Sequence[Pod], causes: Causes) -> str:
    """Why nothing runs, or what threatens a running pod; `pod` is the one that has not ended."""
    held = _given_up(job) if job.failing else _suspended(job, causes) if job.suspended else ""
    if pod is None:
        return held or _why_no_pod(job, pods, causes.warnings)
    node, warning = causes.nodes.get(pod.node), causes.warnings.get(("Pod", pod.name))
    if held:
        stuck = pod.deleting and node is not None and not node.ready
        return f"{held}; {why_ending(pod, warning, node)}" if stuck else held
    if pod.deleting:
        return why_ending(pod, warning, node)
    return why_unwell(pod, warning, node) if pod.phase == "Running" else why_pending(pod, warning, node)


def _suspended(job: Job, causes: Causes) -> str:
    if not job.queue:
        return "suspended: waits for its turn in the queue, or for whoever suspended it"
    reason = causes.held_back.get(job.uid, "")
    return f"suspended: waits for its turn in queue {job.queue}" + (f": {reason}" if reason else "")


def _given_up(job: Job) -> str:
    return f"is given up: {with_message(job.reason, job.message)}"


def _why_no_pod(job: Job, pods: Sequence[Pod], warnings: Warnings) -> str:
    warning = warnings.get(("Job", job.name))
    if warning is not None and not (pods and pods[-1].created > warning.last_seen):
        if warning.reason != "FailedCreate":
            return f"waits for its pod: {with_message(warning.reason, warning.message)}"
        said = one_line(re.sub(r'^Error creating: (pods "[^"]*" is forbidden: )?', "", warning.message))
        advice = "" if "exceeded quota" in said else what_to_change(said)  # a quota in use is waited for
        return f"cannot create its pod: {said}" + (f"; {advice}" if advice else "")
    if pods and job.counted_failures:
        return f"waits before its next attempt, after {end_of(pods[-1])}"
    return "waits for its pod"


def _why_failed(job: Job, pods: Sequence[Pod]) -> str:
    last = next((pod for pod in reversed(pods) if pod.phase == "Failed"), None)
    if job.reason == "DeadlineExceeded":
        return f"was not done within kubernetes.deadline_seconds; {_GOES_ON}"
    if job.reason == "BackoffLimitExceeded":
        why = f"failed {count(job.counted_failures, 'time')}, kubernetes.retries is {job.retries}"
        return f"{why}; last: {end_of(last)}; {_GOES_ON}" if last else f"{why}; {_GOES_ON}"
    if last is not None and last.exit_code in exit_codes.NEVER_RETRIED:
        return end_of(last)
    if job.reason == "PodFailurePolicy" and (found := re.search(r"exit code (\d+)", job.message)):
        return EXIT_CODES.get(int(found[1]), with_message(job.reason, job.message))  # its pod is gone
    return with_message(job.reason, job.message)
