"""A proxy in front of a real server that fails as networks and servers do."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    number: int
    """Number of the request, from 1, among all that the proxy has seen."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers, with names in lower case."""


@dataclass(frozen=True)
class Answer:
    """The proxy answers and does not forward the request."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Reset:
    """The connection is reset; if `forwarded`, after the server has handled the request."""

    forwarded: bool = False


@dataclass(frozen=True)
class Cut:
    """The body of the answer ends after this number of bytes, and with it the connection."""

    after_bytes: int


@dataclass(frozen=True)
class Stall:
    """There is silence for this time, and then the connection is reset, or answered after all if `forwarded`."""

    seconds: float
    forwarded: bool = False


@dataclass(frozen=True)
class Changed:
    """The server's answer, with headers and body changed by `change`; names are in lower case."""

    change: Callable[[dict[str, str], bytes], tuple[dict[str, str], bytes]]


@dataclass(frozen=True)
class Hold:
    """The request is forwarded once an event has happened, or after a minute; other requests pass meanwhile."""

    until: threading.Event


Fault = Answer | Reset | Cut | Stall | Changed | Hold
Rule = Callable[[Request], Fault | None]


class FaultyProxy:
    """Forwards to `upstream`, except requests that `rule` answers with a fault."""

    def __init__(self, upstream: str, tls: ssl.SSLContext | None = None) -> None:
        self.rule: Rule = lambda request: None
        self.requests: list[Request] = []
        self.hurt: list[Request] = []
        self.forwarding: set[socket.socket] = set()
        self._upstream = urlsplit(upstream)
        self._tls = (tls or ssl.create_default_context()) if self._upstream.scheme == "https" else None
        self._lock = threading.Lock()
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextlib.contextmanager
    def running(self) -> Iterator[FaultyProxy]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def decide(self, method: str, path: str, headers: Mapping[str, str]) -> Fault | None:
        with self._lock:
            request = Request(method, path, len(self.requests) + 1, headers)
            self.requests.append(request)
            fault = self.rule(request)
            if fault is not None:
                self.hurt.append(request)
            return fault

    def cut(self) -> None:
        """End every answer that is under way, at once."""
        for connection in list(self.forwarding):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def connect(self) -> http.client.HTTPConnection:
        host, port = self._upstream.hostname or "", self._upstream.port
        if self._tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=120, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=120)


class _Handler(BaseHTTPRequestHandler):
    owner: FaultyProxy
    protocol_version = "HTTP/1.1"

    def do(self) -> None:
        fault = self.owner.decide(
            self.command, self.path, {name.lower(): value for name, value in self.headers.items()}
        )
        body = self._body()
        if isinstance(fault, Stall):
            time.sleep(fault.seconds)
        if isinstance(fault, Hold):
            fault.until.wait(60)
        if fault == Reset() or (isinstance(fault, Stall) and not fault.forwarded):
            self._reset()
        elif isinstance(fault, Answer):
            self.send_response(fault.status)
            for name, value in fault.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(fault.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(fault.body)
        else:
            self._forward(body, fault)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = do  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Expect") == "100-continue":  # http.server has already answered it
            del self.headers["Expect"]
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _forward(self, body: bytes, fault: Fault | None) -> None:
        upstream = self.owner.connect()
        self.owner.forwarding.add(self.connection)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():  # Host stays as the client sent it, as its signature covers it
                if name.lower() != "connection":
                    upstream.putheader(name, value)
            upstream.putheader("Connection", "close")
            upstream.endheaders(body)
            answer = upstream.getresponse()
            if isinstance(fault, Reset):
                answer.read()
                self._reset()
                return
            self.send_response_only(answer.status, answer.reason)
            if isinstance(fault, Changed):
                self._send_changed(answer, fault)
                return
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "transfer-encoding"):
                    self.send_header(name, value)
            if answer.getheader("Content-Length") is None:
                self.send_header("Connection", "close")
            self.end_headers()
            left = fault.after_bytes if isinstance(fault, Cut) else None
            while chunk := answer.read1(65536):
                self.wfile.write(chunk if left is None else chunk[:left])
                self.wfile.flush()
                if left is not None and (left := left - len(chunk)) <= 0:
                    self._reset()
                    return
        except (OSError, http.client.IncompleteRead):  # the server ended in the middle of an answer
            self.close_connection = True
        finally:
            self.owner.forwarding.discard(self.connection)
            upstream.close()

    def _send_changed(self, answer: http.client.HTTPResponse, fault: Changed) -> None:
        headers, body = fault.change({name.lower(): value for name, value in answer.getheaders()}, answer.read())
        if self.command != "HEAD":
            headers["content-length"] = str(len(body))
        for name, value in headers.items():
            if name not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass
