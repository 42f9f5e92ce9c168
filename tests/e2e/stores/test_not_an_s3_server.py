"""A wrong endpoint is reported as such at once, and not as an empty store, a missing experiment or a bug."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stores.conftest import Run
from tests.faulty_proxy import Answer, FaultyProxy

HTML = {"Content-Type": "text/html; charset=utf-8"}
PAGE = b"<!DOCTYPE html><html><body>Sign in</body></html>"

OTHER_SERVERS = {
    "console": Answer(200, HTML, PAGE),
    "well-formed page": Answer(200, HTML, b"<html><body>Sign in</body></html>"),
    "static page with an ETag": Answer(200, {**HTML, "ETag": '"65a1-2f"'}, PAGE),
    "JSON": Answer(200, {"Content-Type": "application/json"}, b'{"status": "ok"}'),
    "nothing": Answer(200),
    "no content": Answer(204),
    "login": Answer(302, {"Location": "https://sso.example/login?token=hidden", **HTML}),
    "permanent redirect": Answer(301, {"Location": "https://sso.example/"}),
    "nginx": Answer(404, HTML, b"<html><h1>404 Not Found</h1></html>"),
    "default backend": Answer(404, {"Content-Type": "text/plain"}, b"default backend - 404"),
    "forbidden page": Answer(403, HTML, PAGE),
    "no method": Answer(405),
    "TLS": Answer(400, {"Content-Type": "text/plain"}, b"Client sent an HTTP request to an HTTPS server.\n"),
}


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A web server that is not an S3 server."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-printed")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with FaultyProxy("http://127.0.0.1:9").running() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        yield server


VERBS = [("list", name) for name in OTHER_SERVERS] + [("status", name) for name in ("console", "nothing", "login")]


@pytest.mark.parametrize(("verb", "name"), VERBS)
def test_every_kind_of_server_is_named(verb: str, name: str, other: FaultyProxy, gridctl: Run) -> None:
    answer = OTHER_SERVERS[name]
    other.rule = lambda request: answer
    done = gridctl(*(["list"] if verb == "list" else ["status", "tiny"]), "--store", "s3://bucket/runs")
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"{other.url} does not answer as an S3 server (status {answer.status}" in done.stderr
    assert answer.headers.get("Content-Type", "none") in done.stderr
    assert "AWS_ENDPOINT_URL_S3" in done.stderr
    assert "hidden" not in done.stderr
    assert done.stdout == ""
    assert len(other.requests) == 1  # the request is not repeated


def test_other_verbs(other: FaultyProxy, gridctl: Run, trainer: Run, one_run: Path, tmp_path: Path) -> None:
    other.rule = lambda request: OTHER_SERVERS["console"]
    store = ["--store", "s3://bucket/runs"]
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a").write_bytes(b"1")
    (tmp_path / "spec.json").write_text("{}")
    for done in (
        gridctl("submit", "tiny.yaml", *store),
        gridctl("report", "tiny", *store),
        gridctl("export", "tiny", *store),
        gridctl("delete", "tiny", *store),
        trainer("data", "upload", "files", "s3://bucket/data"),
        trainer("run", "s3://bucket/runs/tiny/r/spec.json"),
    ):
        assert done.returncode != 0
        assert "does not answer as an S3 server" in done.stderr, done.args
        assert "Traceback" not in done.stderr
    assert not (tmp_path / ".gridctl").exists()


@pytest.mark.parametrize(
    ("status", "said"),
    [(507, "no room left"), (413, "of this size"), (429, "too many requests"), (502, "gateway"), (504, "gateway")],
)
def test_what_gateways_say(
    status: int, said: str, other: FaultyProxy, gridctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    other.rule = lambda request: Answer(status, HTML, PAGE)
    done = gridctl("list", "--store", "s3://bucket/runs")
    assert done.returncode == 3
    assert said in done.stderr
    assert str(status) in done.stderr
    assert "overloaded" not in done.stderr
