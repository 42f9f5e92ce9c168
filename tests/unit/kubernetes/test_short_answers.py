"""Of Jobs that are created and deleted, the API server sends back only the metadata, if it can."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from gridctl.errors import UnreachableError
from gridctl.executors.kubernetes.api.connection import open_connection
from gridctl.executors.kubernetes.api.requests import Api


class Server(HTTPServer):
    """An API server that records what is asked of it, and answers all the same."""

    answer = b'{"kind": "Job"}'

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, self.headers["Accept"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    do_POST = do_DELETE = do_GET = do  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server()
    at = {"server": f"http://127.0.0.1:{server.server_address[1]}"}
    content = {
        "clusters": [{"name": "c", "cluster": at}],
        "users": [{"name": "me", "user": {"token": "mine"}}],
        "contexts": [{"name": "mine", "context": {"cluster": "c", "user": "me"}}],
        "current-context": "mine",
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(content))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_metadata_are_asked_for_and_whole_objects_taken(server: Server) -> None:
    api = Api(open_connection(None, "default", 1))
    api.create("/jobs", {"kind": "Job"})
    api.delete_all("/jobs", {"labelSelector": "a=b"})
    assert api.get("/jobs") == json.loads(server.answer)
    assert server.asked == [
        ("POST", "/jobs?fieldManager=gridctl", _short("PartialObjectMetadata")),
        ("DELETE", "/jobs?labelSelector=a%3Db", _short("PartialObjectMetadataList")),
        ("GET", "/jobs", "application/json"),
    ]


def test_what_is_no_object_is_no_success(server: Server) -> None:
    server.answer = b"<html>sign in</html>"
    with pytest.raises(UnreachableError):
        Api(open_connection(None, "default", 1)).create("/jobs", {})


def _short(kind: str) -> str:
    return f"application/json;as={kind};g=meta.k8s.io;v=v1,application/json"
