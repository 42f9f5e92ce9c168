"""Exactly the rights that gridctl uses: `k8s/base/role.yaml` grants them, `gridctl doctor` checks them."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from gridctl.executors.kubernetes.api.requests import Api


@dataclass(frozen=True, slots=True)
class Right:
    """One verb on one resource of the namespace.

    Attributes:
        needed_by: The commands that fail without it; empty if commands merely say less.
    """

    group: str
    resource: str
    verb: str
    needed_by: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


RIGHTS: Final = (
    Right("batch", "jobs", "get", "submit"),
    Right("batch", "jobs", "list", "submit, status"),
    Right("batch", "jobs", "watch", "status --watch"),
    Right("batch", "jobs", "create", "submit"),
    Right("batch", "jobs", "delete", "retry"),
    Right("batch", "jobs", "deletecollection", "cancel, delete"),
    Right("", "pods", "list", "status, logs"),
    Right("", "pods", "watch", "status --watch"),
    Right("", "pods", "create"),
    Right("", "pods/log", "get", "logs"),
    Right("", "events", "list"),
    Right("", "namespaces", "get"),
    Right("", "persistentvolumeclaims", "get"),
    Right("", "limitranges", "list"),
    Right("networking.k8s.io", "networkpolicies", "list"),
    Right("kueue.x-k8s.io", "workloads", "list"),
)


def missing_rights(api: Api, rights: Iterable[Right] = RIGHTS) -> list[Right]:
    """Rights that this user lacks, according to the API server.

    Raises:
        UnreachableError: It cannot be reached, or does not know the user.
    """
    wanted = list(rights)
    with ThreadPoolExecutor(8) as threads:
        allowed = list(threads.map(lambda right: _is_allowed(api, right), wanted))
    return [right for right, has in zip(wanted, allowed, strict=True) if not has]


def _is_allowed(api: Api, right: Right) -> bool:
    resource, _, subresource = right.resource.partition("/")
    attributes = {
        "namespace": api.namespace,
        "group": right.group,
        "resource": resource,
        "subresource": subresource,
        "verb": right.verb,
    }
    if resource == "namespaces":
        attributes["name"] = api.namespace
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = api.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=review)
    return bool(answer.body.get("status", {}).get("allowed"))
