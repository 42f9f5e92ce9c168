"""An experiment's Jobs and pods kept up to date: one listing each, then only what changes."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

from orchestrator.backends.kubernetes.api import Api, StoppedWaiting
from orchestrator.backends.kubernetes.faults import RefusedError
from orchestrator.backends.kubernetes.node_state import NodeState, look_at_nodes
from orchestrator.backends.kubernetes.objects import Job, Pod
from orchestrator.backends.kubernetes.observation import Paths, activities, selector
from orchestrator.backends.kubernetes.warning_events import Warnings, list_warnings
from orchestrator.backends.port import Activity
from orchestrator.errors import UnreachableError

_EVENTS_EVERY_S: Final = 10.0
_SHORTEST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 10.0
"""Between two tries to watch."""


class LiveExperiment:
    """Follows an experiment until it is closed. A context manager.

    A server that goes away is asked again for as long as it takes: `observe` gives what was last
    known, and `problem` says what is the matter.
    """

    def __init__(self, api: Api, experiment: str) -> None:
        paths = Paths(api.namespace)
        self._api = api.hasty()
        self._mirrors = tuple(_Mirror(self._api, path, experiment) for path in (paths.jobs, paths.pods))
        self._warnings: Warnings = {}
        self._warnings_until = 0.0
        self._nodes: Mapping[str, NodeState] = {}
        self._nodes_until = 0.0

    def __enter__(self) -> Self:
        for mirror in self._mirrors:
            mirror.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._api.stop()
        for mirror in self._mirrors:
            mirror.join()

    def observe(self) -> Mapping[str, Activity]:
        """What is known of the experiment's runs now, by run id.

        Raises:
            UnreachableError: The server could not be reached at first, or refuses.
        """
        jobs, pods = (mirror.items() for mirror in self._mirrors)
        return activities(
            {name: Job.from_json(item) for name, item in jobs.items()},
            [Pod.from_json(item) for item in pods.values()],
            self._recent_warnings,
            self._recent_nodes,
        )

    @property
    def problem(self) -> str:
        """Why what `observe` gives may be old; empty if it is fresh."""
        return next((mirror.problem for mirror in self._mirrors if mirror.problem), "")

    def _recent_warnings(self) -> Warnings:
        if time.monotonic() > self._warnings_until and not self.problem:
            self._warnings = list_warnings(self._api)
            self._warnings_until = time.monotonic() + _EVENTS_EVERY_S
        return self._warnings

    def _recent_nodes(self, names: Iterable[str]) -> Mapping[str, NodeState]:
        if time.monotonic() > self._nodes_until and not self.problem:
            self._nodes = look_at_nodes(self._api, names)
            self._nodes_until = time.monotonic() + _EVENTS_EVERY_S
        return self._nodes


class _Mirror:
    """The objects of one kind, by name, as a listing and a watch say."""

    def __init__(self, api: Api, path: str, experiment: str) -> None:
        self.problem = ""
        self._api = api
        self._path = path
        self._selector = selector(experiment)
        self._lock = threading.Lock()
        self._items: dict[str, dict[str, Any]] | None = None
        self._fault: UnreachableError | None = None
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self.start = self._thread.start

    def join(self) -> None:
        self._thread.join(timeout=2)

    def items(self) -> dict[str, dict[str, Any]]:
        self._asked.wait()
        with self._lock:
            if self._items is None:
                assert self._fault is not None
                raise self._fault
            return dict(self._items)

    def _follow(self) -> None:
        with contextlib.suppress(StoppedWaiting):
            version, pause_s = "", _SHORTEST_PAUSE_S
            while True:
                began = time.monotonic()
                try:
                    version = self._keep_up(version)
                    pause_s = _SHORTEST_PAUSE_S
                except UnreachableError as error:
                    version = ""
                    if not (isinstance(error, RefusedError) and error.status == 410):
                        self._note(error)
                        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                self._api.pause(max(0.0, began + random.uniform(0.8, 1.2) * pause_s - time.monotonic()))

    def _keep_up(self, version: str) -> str:
        """List if no version is known, then watch; returns the version to go on from, if that is known."""
        since, version = version or self._list(), ""
        for event in self._api.watch(self._path, since, labelSelector=self._selector):
            version = str(event["object"]["metadata"]["resourceVersion"])
            self._apply(event)
        return version  # none if nothing arrived: perhaps nothing gets through, so it is listed again

    def _list(self) -> str:
        listing = self._api.list(self._path, labelSelector=self._selector)
        with self._lock:
            self._items = {item["metadata"]["name"]: item for item in listing.items}
            self.problem = ""
        self._asked.set()
        return listing.resource_version

    def _apply(self, event: Mapping[str, Any]) -> None:
        item = event["object"]
        name = item["metadata"].get("name", "")
        with self._lock:
            assert self._items is not None
            if event["type"] == "DELETED":
                self._items.pop(name, None)
            elif event["type"] != "BOOKMARK":
                self._items[name] = item

    def _note(self, error: UnreachableError) -> None:
        with self._lock:
            self._fault = error
            self.problem = error.problems[0].what
        self._asked.set()
