"""Why Kueue holds Jobs back, in its own words: the newest condition of each Job's Workload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api
from gridctl.executors.kubernetes.status.pod_end import with_message

_GROUP: Final = "/apis/kueue.x-k8s.io"
_TELLING: Final = {"QuotaReserved": "False", "Admitted": "False", "Evicted": "True", "Preempted": "True"}
"""Types of conditions, and the status in which they say why a Job does not run."""


def list_held_back(api: Api) -> dict[str, str]:
    """Reason and message by uid of the Job; empty if Kueue is not installed or its objects may not be read.

    Raises:
        UnreachableError: The API server cannot be reached.
    """
    try:
        version = api.get(_GROUP)["preferredVersion"]["version"]
        items = api.list(f"{_GROUP}/{version}/namespaces/{api.namespace}/workloads").items
    except RefusedError as error:
        if error.status in (403, 404):
            return {}
        raise
    return {owner: reason for item in items if (reason := _reason(item)) for owner in _owners(item)}


def _owners(workload: Mapping[str, Any]) -> list[str]:
    return [str(owner.get("uid")) for owner in workload["metadata"].get("ownerReferences") or ()]


def _reason(workload: Mapping[str, Any]) -> str:
    conditions = workload.get("status", {}).get("conditions") or ()
    telling = [item for item in conditions if _TELLING.get(item["type"]) == item.get("status") and item.get("reason")]
    newest = max(telling, key=lambda item: str(item.get("lastTransitionTime", "")), default=None)
    return with_message(newest["reason"], newest.get("message", "")) if newest else ""
