"""Why a pod does not run, or does not end: its newest cause, in Kubernetes' words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from gridctl.executors.kubernetes.status.node_state import NodeState
from gridctl.executors.kubernetes.status.objects import STARTING, Pod
from gridctl.executors.kubernetes.status.pod_end import one_line, with_message
from gridctl.executors.kubernetes.status.warning_events import WarningEvent

_PULLED: Final = "is it pushed, under the name in kubernetes.image? a private registry needs image_pull_secrets"
_NO_IMAGE: Final = {
    "ErrImagePull": _PULLED,
    "ImagePullBackOff": _PULLED,
    "ErrImageNeverPull": "load it onto the nodes, or change kubernetes.image_pull_policy",
    "InvalidImageName": "correct kubernetes.image",
    "RegistryUnavailable": "look at the registry, and at the nodes' way to it",
}
"""What to do, by the reason that the kubelet gives."""


def why_pending(pod: Pod, warning: WarningEvent | None, node: NodeState | None) -> str:
    """Why a pod has not started.

    Args:
        pod: Not being deleted.
        warning: The newest warning about it.
        node: Its own, if it was asked about.
    """
    if pod.gates:
        return f"waits for whoever holds it back to remove its scheduling gates: {', '.join(pod.gates)}"
    if pod.unschedulable:
        return f"waits for a node: {one_line(pod.unschedulable)}"
    if not pod.node:
        return "waits for a node"
    if pod.waiting_reason in _NO_IMAGE:
        said = with_message(pod.waiting_reason, pod.waiting_message)
        return f"cannot pull its image: {said}; {_NO_IMAGE[pod.waiting_reason]}"
    if pod.waiting_reason not in STARTING:
        return f"cannot start: {with_message(pod.waiting_reason, pod.waiting_message)}"
    if node is not None and not node.ready:
        return f"cannot start: {_lost(pod.node, node)}"
    if warning is not None:
        return f"starts on node {pod.node}, which last reported {with_message(warning.reason, warning.message)}"
    return f"starts on node {pod.node}"


def why_ending(pod: Pod, warning: WarningEvent | None, node: NodeState | None) -> str:
    """Why a pod that is being deleted is still there.

    Args:
        pod: Being deleted.
        warning: The newest warning about it.
        node: Its own, if it was asked about.
    """
    if node is not None and not node.exists:
        return f"{_lost(pod.node, node)}; Kubernetes removes its pod within minutes, then it is tried again"
    if node is not None and not node.ready:
        return f"{_lost(pod.node, node)}: it must confirm the attempt's end before the next one starts; {_admin(pod)}"
    why = f" ({with_message(pod.disruption, pod.disruption_message)})" if pod.disruption else ""
    if not (pod.node and is_overdue(pod)):
        return f"is being stopped{why}, then tried again"
    assert pod.due is not None
    late = f"was to end by {_time(pod.due)}{why}, which node {pod.node} has not confirmed"
    if warning is not None:
        late += f"; it last reported {with_message(warning.reason, warning.message)}"
    return f"{late}; the next attempt starts then; if the node is lost, {_admin(pod)}"


def why_unwell(pod: Pod, warning: WarningEvent | None, node: NodeState | None) -> str:
    """What is wrong with the node of a pod that runs; empty if nothing is known."""
    if node is not None and not node.ready:
        return f"may be lost: {_lost(pod.node, node)}"
    if node is None and not pod.ready and warning is not None and warning.reason == "NodeNotReady":
        return f"may be lost: node {pod.node} is not ready since {_time(warning.last_seen)}"
    return ""


def is_overdue(pod: Pod) -> bool:
    """Whether a pod that is being deleted should be gone by now."""
    return pod.due is not None and datetime.now(UTC) > pod.due


def _lost(name: str, node: NodeState) -> str:
    if not node.exists:
        return f"node {name} no longer exists"
    since = f" since {_time(node.since)}" if node.since else ""
    return f"node {name} is not ready{since}" + (f" ({with_message(node.reason, node.message)})" if node.reason else "")


def _admin(pod: Pod) -> str:
    return (
        f"an administrator can bring it back or, if it is switched off, `kubectl delete node {pod.node}` or "
        f"`kubectl taint nodes {pod.node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute`"
    )


def _time(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
