"""Requests to an API server: raw JSON over pooled connections, repeated when it is overloaded."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import urllib3

from gridctl.executors.kubernetes.api.chosen_fields import ChosenFields
from gridctl.executors.kubernetes.api.connection import Connection
from gridctl.executors.kubernetes.api.listing import ANY, Kind, Listing, list_all
from gridctl.executors.kubernetes.api.refusals import BUSY, no_json, refusal, unreachable
from gridctl_trainer.host.backoff import Backoff, soon_s

Json = dict[str, Any]

T = TypeVar("T")

_TRIES: Final = 10
_TRIES_WHEN_UNREACHABLE: Final = 5
_TRIES_WHEN_HASTY: Final = 3
_LONGEST_PAUSE_S: Final = 30.0
_BACKOFF: Final = Backoff(first_s=0.5, longest_s=_LONGEST_PAUSE_S)
_ANSWER_S: Final = 75.0
"""An API server answers within a minute, with an error if it has not finished: deleting many objects takes longer."""
_WATCH_S: Final = 300
_METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
_METADATA_OF_MANY: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
"""Shorter answers; a server that does not have them sends whole objects."""


class StoppedWaiting(Exception):
    """The user interrupted a request that was to be repeated."""


class CutError(Exception):
    """The connection ended before the answer did."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a request.

    Attributes:
        body: The object.
        warnings: Warnings of the API server, such as those of Pod Security.
    """

    body: Json
    warnings: tuple[str, ...] = ()


class Api:
    """One API server. Thread-safe.

    A request that gets no answer or 429 or 5xx is repeated: after the time that the server asks
    for, which applies to every thread, else after a growing random pause. So each request must be
    idempotent; creating by a fixed name and deleting are.
    """

    def __init__(self, connection: Connection, tries: int = _TRIES) -> None:
        self._connection = connection
        self._tries = tries
        self._stopped = threading.Event()
        self._not_before = 0.0
        self._guard = threading.Lock()
        self._streams: set[urllib3.BaseHTTPResponse] = set()

    def hasty(self) -> Api:
        """The same server with few retries, for callers that handle outages themselves."""
        return Api(self._connection, min(self._tries, _TRIES_WHEN_HASTY))

    def once(self) -> Api:
        """The same server without retries, for what is good to know but not worth waiting for."""
        return Api(self._connection, 1)

    @property
    def server(self) -> str:
        """URL of the API server."""
        return self._connection.server

    @property
    def namespace(self) -> str:
        """Where the Jobs are."""
        return self._connection.namespace

    def stop(self) -> None:
        """End all waiting: pauses raise StoppedWaiting, and streams of lines end."""
        self._stopped.set()
        with self._guard:
            for response in self._streams:
                with contextlib.suppress(OSError, ValueError, urllib3.exceptions.HTTPError):
                    response.shutdown()

    def request(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> Answer:
        """Send a request until there is an answer.

        Args:
            method: GET, POST or DELETE.
            path: From `/api`.
            query: Parameters.
            body: Sent as JSON.

        Raises:
            RefusedError: The answer is an error.
            UnreachableError: There is none.
        """
        content, headers = self._parsed(method, path, query, body, json.loads)
        return Answer(content, tuple(map(_warning, headers.getlist("Warning"))))

    def create(self, path: str, body: Mapping[str, Any]) -> None:
        """Create an object, and have only its metadata sent back, which spares both sides time if there are many.

        Raises:
            RefusedError, UnreachableError: As for `request`.
        """
        self._parsed("POST", path, {"fieldManager": "gridctl"}, body, json.loads, accept=_METADATA)

    def delete_all(self, path: str, query: Mapping[str, str]) -> None:
        """Delete all objects that a query selects; only their metadata are sent back.

        Raises:
            RefusedError, UnreachableError: As for `request`.
        """
        self._parsed("DELETE", path, query, None, json.loads, accept=_METADATA_OF_MANY)

    def get(self, path: str, **query: str) -> Json:
        """The object at a path.

        Raises:
            RefusedError, UnreachableError: As for `request`.
        """
        return self.request("GET", path, query).body

    def list(self, path: str, **query: str) -> Listing[Json]:
        """All objects at a path, page by page; starts again when the listing expires.

        Raises:
            RefusedError, UnreachableError: As for `request`.
        """
        return self.list_of(ANY, path, **query)

    def list_of(self, kind: Kind[T], path: str, **query: str) -> Listing[T]:
        """The same, with what is read of objects of this kind alone.

        Raises:
            RefusedError, UnreachableError: As for `request`.
        """

        def page_of(page_query: Mapping[str, str], parser: ChosenFields) -> Json:
            page: Json = self._parsed("GET", path, page_query, None, parser.parse)[0]
            return page

        return list_all(page_of, kind, query, self.server)

    def watch(self, path: str, resource_version: str, **query: str) -> Iterator[Json]:
        """Changes since a listing, until the server ends the watch.

        Yields:
            Events: `{"type": ..., "object": ...}`, bookmarks among them.

        Raises:
            RefusedError: With status 410 if the listing is too old.
            UnreachableError: There is no answer.
        """
        wanted = dict(
            query,
            watch="1",
            allowWatchBookmarks="true",
            resourceVersion=resource_version,
            timeoutSeconds=str(_WATCH_S),
        )
        with contextlib.suppress(CutError):
            for line in self.lines(path, wanted, read_timeout_s=_WATCH_S + 30):
                event: Json = _parsed(line)
                if event.get("type") == "ERROR":
                    status = event.get("object", {})
                    raise refusal(int(status.get("code", 500)), json.dumps(status).encode(), where=self.server, tries=1)
                yield event

    def lines(self, path: str, query: Mapping[str, str], read_timeout_s: float | None = None) -> Iterator[bytes]:
        """The lines of an answer as they come.

        Raises:
            RefusedError, UnreachableError: As for `request`.
            CutError: The connection was cut; there may be more lines.
        """
        response = self._response("GET", path, query, None, read_timeout_s=read_timeout_s, stream=True)
        rest = b""
        with self._guard:
            self._streams.add(response)
        try:
            while chunk := response.read1(1 << 16):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from whole
            if rest:
                yield rest
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise CutError from error
        finally:
            with self._guard:
                self._streams.discard(response)
            response.close()

    def _parsed(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        parse: Callable[[bytes], Any],
        accept: str = "",
    ) -> tuple[Any, urllib3.HTTPHeaderDict]:
        response = self._response(method, path, query, body, read_timeout_s=_ANSWER_S, stream=False, accept=accept)
        try:
            return parse(response.data), response.headers
        except ValueError:
            raise no_json(response.data, self.server) from None

    def _response(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        *,
        read_timeout_s: float | None,
        stream: bool,
        accept: str = "",
    ) -> urllib3.BaseHTTPResponse:
        url = self._connection.server + path + (f"?{urlencode(query)}" if query else "")
        data = json.dumps(body).encode() if body is not None else None
        tries, renewed = 0, False
        while True:
            self._keep_pace()
            headers = self._headers(data is not None, stream)
            if accept:
                headers["Accept"] = accept
            tries += 1
            pause_s = _BACKOFF.pause_s(tries)
            try:
                response = self._connection.pool.urlopen(
                    method,
                    url,
                    body=data,
                    headers=headers,
                    timeout=urllib3.Timeout(connect=5, read=read_timeout_s),
                    retries=False,
                    redirect=False,
                    preload_content=False,
                )
                content = b"" if stream and response.status < 300 else response.data
            except urllib3.exceptions.HTTPError as error:
                hopeless = isinstance(error, urllib3.exceptions.SSLError)
                if hopeless or tries >= min(self._tries, _TRIES_WHEN_UNREACHABLE):
                    raise unreachable(error, self.server, self._connection.via) from error
            else:
                if response.status < 300:
                    return response
                if response.status == 401 and not renewed and self._connection.renew(headers):
                    renewed = True
                    continue
                if response.status not in BUSY or tries >= self._tries:
                    raise refusal(response.status, content, where=self._where(), tries=tries)
                asked_s = _seconds(response.headers.get("Retry-After"))
                if asked_s is not None:
                    self._not_before = max(self._not_before, time.monotonic() + asked_s)
                    pause_s = soon_s()
            self.pause(pause_s)

    def _headers(self, with_body: bool, stream: bool) -> urllib3.HTTPHeaderDict:
        headers = self._connection.headers()
        if with_body:
            headers["Content-Type"] = "application/json"
        if stream:
            headers.discard("Accept-Encoding")
        return headers

    def _keep_pace(self) -> None:
        while (left_s := self._not_before - time.monotonic()) > 0:
            self.pause(left_s + soon_s())

    def pause(self, seconds: float) -> None:
        """Wait, unless `stop` was or is called.

        Raises:
            StoppedWaiting: It was.
        """
        if self._stopped.wait(seconds):
            raise StoppedWaiting

    def _where(self) -> str:
        return f"{self.server}, namespace {self.namespace}"


def _parsed(line: bytes) -> Json:
    """An event; the last line before a proxy closes a connection may be incomplete."""
    try:
        event: Json = json.loads(line)
    except ValueError as error:
        raise CutError from error
    return event


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds; None if there is none, or a date, which no API server sends."""
    try:
        return min(float(header), _LONGEST_PAUSE_S) if header else None
    except ValueError:
        return None


def _warning(header: str) -> str:
    """The text of `299 - "text"`."""
    first, last = header.find('"'), header.rfind('"')
    return header[first + 1 : last].replace('\\"', '"') if 0 <= first < last else header
