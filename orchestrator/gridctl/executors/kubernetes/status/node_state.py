"""Whether a node still answers: explains pods whose end is not confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api

MOST_NODES: Final = 20
"""Most nodes that are asked about, with one request each."""


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node that was asked about.

    Attributes:
        exists: False if it was deleted.
        ready: Whether its kubelet reports.
        since: When that last changed; None if the node does not say.
        reason, message: Why it is not ready, in Kubernetes' words.
    """

    exists: bool = True
    ready: bool = True
    since: datetime | None = None
    reason: str = ""
    message: str = ""

    @classmethod
    def from_json(cls, node: Mapping[str, Any]) -> NodeState:
        conditions = node.get("status", {}).get("conditions") or ()
        ready: Mapping[str, Any] = next((condition for condition in conditions if condition["type"] == "Ready"), {})
        since = ready.get("lastTransitionTime")
        return cls(
            ready=ready.get("status") == "True",
            since=datetime.fromisoformat(since) if since else None,
            reason=ready.get("reason", ""),
            message=ready.get("message", ""),
        )


def look_at_nodes(api: Api, names: Iterable[str]) -> dict[str, NodeState]:
    """The state of some nodes, by name; without those that this user may not read.

    Raises:
        UnreachableError: The API server cannot be reached.
    """
    found: dict[str, NodeState] = {}
    for name in sorted(set(names))[:MOST_NODES]:
        try:
            found[name] = NodeState.from_json(api.get(f"/api/v1/nodes/{name}"))
        except RefusedError as error:
            if error.status == 403:
                break
            if error.status != 404:
                raise
            found[name] = NodeState(exists=False, ready=False)
    return found
