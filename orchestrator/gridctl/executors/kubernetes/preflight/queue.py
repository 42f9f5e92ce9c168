"""Whether Kueue has the queue that Jobs name, in whichever version of its API the cluster serves."""

from __future__ import annotations

from typing import Final

from gridctl.executors.check import Check
from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api

_GROUP: Final = "/apis/kueue.x-k8s.io"
_TITLE: Final = "queue"


def queue(api: Api, name: str) -> Check:
    """Whether Kueue is there and has the LocalQueue.

    Raises:
        UnreachableError: The server refuses for another reason.
    """
    try:
        version = _served_version(api)
    except RefusedError as error:
        if error.status == 403:
            return Check(_TITLE, "unknown", "you may not look which versions of Kueue's API there are")
        raise
    if version is None:
        fix = "install Kueue, or leave kubernetes.queue out: nothing would hold Jobs back"
        return Check(_TITLE, "failed", "there is no Kueue in this cluster: it serves no LocalQueues", fix)
    try:
        found = api.get(f"{_GROUP}/{version}/namespaces/{api.namespace}/localqueues/{name}")
    except RefusedError as error:
        if error.status == 404:
            fix = f"correct kubernetes.queue: kubectl -n {api.namespace} get localqueues"
            return Check(_TITLE, "failed", f"there is no LocalQueue {name} in {api.namespace}", fix)
        if error.status == 403:
            return Check(_TITLE, "unknown", f"you may not look at LocalQueue {name}")
        raise
    for condition in found.get("status", {}).get("conditions") or ():
        if condition.get("type") == "Active" and condition.get("status") == "False":
            why = condition.get("message") or condition.get("reason") or "it does not say why"
            return Check(_TITLE, "failed", f"LocalQueue {name} is there, but not active: {why}", "ask who runs Kueue")
    return Check(_TITLE, "ok", f"LocalQueue {name} is there ({version})")


def _served_version(api: Api) -> str | None:
    """The version that the server prefers of those in which it serves LocalQueues; None if there is none."""
    try:
        group = api.get(_GROUP)
    except RefusedError as error:
        if error.status == 404:
            return None
        raise
    preferred = str((group.get("preferredVersion") or {}).get("version", ""))
    served = [str(item["version"]) for item in group.get("versions") or ()]
    for version in dict.fromkeys([preferred, *served] if preferred else served):
        resources = api.get(f"{_GROUP}/{version}").get("resources") or ()
        if any(resource.get("name") == "localqueues" for resource in resources):
            return version
    return None
