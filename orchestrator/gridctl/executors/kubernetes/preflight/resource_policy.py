"""Which LimitRange or ResourceQuota refuses a pod, and which keys of the experiment file answer it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api

_BOUNDS: Final = {"minimum": "min", "maximum": "max", "ratio": "maxLimitRequestRatio"}
_USAGE: Final = re.compile(r"(minimum|maximum) (\S+) usage per (\w+) is ([^\s,]+?)[.,]?(?:\s|$)")
_RATIO: Final = re.compile(r"(\S+) max limit to request (ratio) per (\w+) is ([^\s,]+?)[.,]?(?:\s|$)")
_QUOTA: Final = re.compile(r"(?:exceeded|failed) quota: ")
_KEYS: Final = {
    "cpu": "kubernetes.cpu and kubernetes.cpu_limit",
    "memory": "kubernetes.memory and kubernetes.memory_limit",
    "ephemeral-storage": "kubernetes.ephemeral_storage and kubernetes.ephemeral_storage_limit",
}


def limit_ranges_that_refuse(api: Api, message: str) -> tuple[str, ...]:
    """Names of the LimitRanges behind a refusal, which does not name them itself.

    Args:
        api: Asked for the namespace's LimitRanges, if the message speaks of one.
        message: Of the API server.

    Raises:
        UnreachableError: The API server cannot be reached.
    """
    said = set(_bounds_in(message))
    if not said:
        return ()
    try:
        items = api.list(f"/api/v1/namespaces/{api.namespace}/limitranges").items
    except RefusedError:
        return ()
    return tuple(sorted(item["metadata"]["name"] for item in items if said & set(_bounds_of(item))))


def what_to_change(message: str) -> str:
    """Keys of the experiment file that a LimitRange or ResourceQuota speaks of; empty if it is neither."""
    if not (_QUOTA.search(message) or any(_bounds_in(message))):
        return ""
    named = [keys for resource, keys in _KEYS.items() if re.search(rf"(?<![\w-]){resource}(?![\w-])", message)]
    return f"set {', '.join(named)} to what it allows" if named else ""


def _bounds_in(message: str) -> Iterator[tuple[str, str, str, str]]:
    """(bound, resource, type, value) of everything that a refusal says of LimitRanges."""
    for bound, resource, kind, value in _USAGE.findall(message):
        yield _BOUNDS[bound], resource.lstrip("["), kind, value
    for resource, bound, kind, value in _RATIO.findall(message):
        yield _BOUNDS[bound], resource.lstrip("["), kind, value


def _bounds_of(limit_range: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for item in limit_range.get("spec", {}).get("limits") or ():
        for bound in _BOUNDS.values():
            for resource, value in (item.get(bound) or {}).items():
                yield bound, resource, str(item.get("type")), str(value)
