"""A small proxy that tunnels by HTTP CONNECT or SOCKS 5, and records the tunnels."""

from __future__ import annotations

import base64
import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping


class Tunnel(socketserver.ThreadingTCPServer):
    """Routes each name in `routes` to an address, and refuses all others.

    Attributes:
        asked: `name:port` of every tunnel that was requested.
        authorizations: Credentials of the clients, as `user:password`.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, routes: Mapping[str, tuple[str, int]]) -> None:
        super().__init__(("127.0.0.1", 0), _Client)
        self.routes = routes
        self.asked: list[str] = []
        self.authorizations: list[str] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @contextlib.contextmanager
    def running(self) -> Iterator[Tunnel]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            thread.join()


class _Client(socketserver.StreamRequestHandler):
    server: Tunnel
    rbufsize = 0

    def handle(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            first = self._exactly(1)
            target = self._socks() if first == b"\x05" else self._connect(first)
            self.server.asked.append(target)
            there = self.server.routes.get(target.rpartition(":")[0])
            socks = first == b"\x05"
            if there is None:
                self.wfile.write(b"\x05\x04\0\1" + bytes(6) if socks else b"HTTP/1.1 502 No route\r\n\r\n")
                return
            with socket.create_connection(there) as upstream:
                self.wfile.write(b"\x05\0\0\1" + bytes(6) if socks else b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=_copy, args=(upstream, self.connection), daemon=True)
                back.start()
                _copy(self.connection, upstream)
                back.join()

    def _connect(self, first: bytes) -> str:
        lines = [first + self.rfile.readline()]
        while (line := self.rfile.readline()).strip():
            lines.append(line)
            if line.lower().startswith(b"proxy-authorization: basic "):
                self.server.authorizations.append(base64.b64decode(line.split()[-1]).decode())
        return lines[0].split()[1].decode()

    def _socks(self) -> str:
        methods = self._exactly(self._exactly(1)[0])
        self.wfile.write(b"\x05\x02" if 2 in methods else b"\x05\0")
        if 2 in methods:
            self._exactly(1)
            user, password = (self._exactly(self._exactly(1)[0]).decode() for _ in range(2))
            self.server.authorizations.append(f"{user}:{password}")
            self.wfile.write(b"\x01\0")
        kind = self._exactly(4)[3]
        name = self._exactly(self._exactly(1)[0]).decode() if kind == 3 else socket.inet_ntoa(self._exactly(4))
        return f"{name}:{struct.unpack('>H', self._exactly(2))[0]}"

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            if not (more := self.rfile.read(size - len(data))):
                raise EOFError
            data += more
        return data


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
