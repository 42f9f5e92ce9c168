"""An experiment's Jobs and pods kept up to date: one listing each, then only what changes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from gridctl.errors import UnreachableError
from gridctl.executors.base import Activity
from gridctl.executors.kubernetes.api.listing import Kind
from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api, StoppedWaiting
from gridctl.executors.kubernetes.status.objects import JOBS, PODS
from gridctl.executors.kubernetes.status.observation import Paths, Sources, activities, selector
from gridctl_trainer.host.backoff import Backoff

_ASK_EVERY_S: Final = 10.0
_BACKOFF: Final = Backoff(first_s=1.2, longest_s=12.0, least=2 / 3)
"""Pause between two watches; it grows while they fail."""

T = TypeVar("T")


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


class ExperimentInformer:
    """Follows an experiment until it is closed. A context manager.

    A server that goes away is asked again indefinitely: `observe` returns what was last
    known, and `problem` says what is wrong.
    """

    def __init__(self, api: Api, experiment: str) -> None:
        paths = Paths(api.namespace)
        self._api = api.hasty()
        self._jobs = _Informer(self._api, paths.jobs, experiment, JOBS)
        self._pods = _Informer(self._api, paths.pods, experiment, PODS)
        self._informers = (self._jobs, self._pods)
        asked = Sources.of(self._api)
        self._sources = Sources(
            *(_Recent(ask, self._is_well) for ask in (asked.warnings, asked.nodes, asked.held_back))
        )

    def __enter__(self) -> Self:
        for informer in self._informers:
            informer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._api.stop()
        for informer in self._informers:
            informer.join()

    def observe(self) -> Mapping[str, Activity]:
        """What is known of the experiment's runs now, by run id.

        Raises:
            UnreachableError: The server could not be reached at first, or refuses.
        """
        return activities(self._jobs.items(), self._pods.items().values(), self._sources)

    def _is_well(self) -> bool:
        return not self.problem

    @property
    def problem(self) -> str:
        """Why what `observe` gives may be old; empty if it is fresh."""
        return next((informer.problem for informer in self._informers if informer.problem), "")


class _Recent(Generic[T]):
    """The last answer of a source; it is asked again after a while, or for other objects."""

    def __init__(self, ask: Callable[..., Mapping[T, Any]], is_well: Callable[[], bool]) -> None:
        self._ask = ask
        self._is_well = is_well
        self._about: tuple[object, ...] = ()
        self._until = 0.0
        self._said: Mapping[T, Any] = {}

    def __call__(self, *about: Any) -> Mapping[T, Any]:
        if (time.monotonic() > self._until or about != self._about) and self._is_well():
            self._said = self._ask(*about)
            self._about = about
            self._until = time.monotonic() + _ASK_EVERY_S
        return self._said


class _Informer(Generic[N]):
    """The objects of one kind, by name, as a listing and a watch say; each is read once, when it arrives."""

    def __init__(self, api: Api, path: str, experiment: str, kind: Kind[N]) -> None:
        self.problem = ""
        self._api = api
        self._path = path
        self._kind = kind
        self._selector = selector(experiment)
        self._lock = threading.Lock()
        self._items: dict[str, N] | None = None
        self._fault: UnreachableError | None = None
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self.start = self._thread.start

    def join(self) -> None:
        self._thread.join(timeout=2)

    def items(self) -> dict[str, N]:
        self._asked.wait()
        with self._lock:
            if self._items is None:
                assert self._fault is not None
                raise self._fault
            return dict(self._items)

    def _follow(self) -> None:
        with contextlib.suppress(StoppedWaiting):
            version, failures = "", 0
            while True:
                began = time.monotonic()
                try:
                    version = self._keep_up(version)
                    failures = 0
                except UnreachableError as error:
                    version = ""
                    if not (isinstance(error, RefusedError) and error.status == 410):
                        self._note(error)
                        failures += 1
                self._api.pause(max(0.0, began + _BACKOFF.pause_s(failures + 1) - time.monotonic()))

    def _keep_up(self, version: str) -> str:
        """List if no version is known, then watch; returns the version to go on from, if that is known."""
        since, version = version or self._list(), ""
        for event in self._api.watch(self._path, since, labelSelector=self._selector):
            version = str(event["object"]["metadata"]["resourceVersion"])
            self._apply(event)
        return version  # none if nothing arrived: perhaps nothing gets through, so it is listed again

    def _list(self) -> str:
        listing = self._api.list_of(self._kind, self._path, labelSelector=self._selector)
        items = {item.name: item for item in listing.items}
        with self._lock:
            self._items = items
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
                self._items[name] = self._kind.read(item)

    def _note(self, error: UnreachableError) -> None:
        with self._lock:
            self._fault = error
            self.problem = error.problems[0].what
        self._asked.set()
