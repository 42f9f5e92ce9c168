"""Warning events: why a Job gets no pod, and why a pod does not start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api


@dataclass(frozen=True, slots=True)
class WarningEvent:
    """The newest warning about one object.

    Attributes:
        reason: Such as FailedCreate or FailedMount.
        message: Kubernetes' message.
        last_seen: When it was last repeated.
    """

    reason: str
    message: str
    last_seen: datetime


Warnings = Mapping[tuple[str, str], WarningEvent]
"""By kind and name of the object."""


def list_warnings(api: Api) -> dict[tuple[str, str], WarningEvent]:
    """The newest warning about each object of the namespace, except those that pod conditions repeat.

    Empty for a user who may not list events.

    Raises:
        UnreachableError: The API server cannot be reached.
    """
    path = f"/api/v1/namespaces/{api.namespace}/events"
    try:
        return newest(api.list(path, fieldSelector="type=Warning,reason!=FailedScheduling").items)
    except RefusedError as error:
        if error.status != 403:
            raise
        return {}


def newest(events: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], WarningEvent]:
    """The newest of the events about each object."""
    found: dict[tuple[str, str], WarningEvent] = {}
    for event in events:
        about = event.get("involvedObject") or {}
        key = (str(about.get("kind", "")), str(about.get("name", "")))
        made = WarningEvent(str(event.get("reason", "")), str(event.get("message", "")), _last_seen(event))
        if key not in found or made.last_seen >= found[key].last_seen:
            found[key] = made
    return found


def _last_seen(event: Mapping[str, Any]) -> datetime:
    series = event.get("series") or {}
    when = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return datetime.fromisoformat(str(when or event["metadata"]["creationTimestamp"]))
