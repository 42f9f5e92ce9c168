"""Failures of S3 give clear errors or are silently repaired, tested against a real server over the wire."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gridctl_trainer.contract.errors import LocationError, NotFoundError, StoreError
from gridctl_trainer.storage.base import Store, open_store
from tests.faulty_proxy import Answer, Cut, Fault, FaultyProxy, Request, Reset

Operation = Callable[[Store], object]

OPERATIONS: dict[str, Operation] = {
    "get": lambda store: store.get("exp/k"),
    "put": lambda store: store.put("exp/k", b"1"),
    "create": lambda store: store.create("exp/k", b"1"),
    "exists": lambda store: store.exists("exp/k"),
    "list": lambda store: list(store.list("exp/")),
    "delete": lambda store: store.delete("exp/k"),
}


@pytest.fixture(params=OPERATIONS)
def operation(request: pytest.FixtureRequest) -> Operation:
    return OPERATIONS[request.param]


@pytest.fixture
def proxy(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    with FaultyProxy(os.environ["AWS_ENDPOINT_URL_S3"]).running() as proxy, monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        yield proxy


def said(operation: Operation, url: str) -> str:
    """The only problem, which must have a location and a remedy."""
    with pytest.raises(StoreError) as caught:
        operation(open_store(url))
    assert not isinstance(caught.value, NotFoundError)
    (problem,) = caught.value.problems
    assert problem.where.startswith("s3://")
    assert problem.fix
    assert "Traceback" not in str(problem)
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in str(problem)
    return problem.what


def test_missing_bucket(bucket: str, operation: Operation) -> None:
    assert "no such bucket" in said(operation, f"s3://no-{uuid.uuid4().hex}/runs")


def test_missing_bucket_for_files(bucket: str, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(9 << 20))
    url = f"s3://no-{uuid.uuid4().hex}/runs"
    assert "no such bucket" in said(lambda store: store.get_file("k", tmp_path / "goal"), url)
    assert "no such bucket" in said(lambda store: store.put_file("k", tmp_path / "large"), url)
    assert [path.name for path in tmp_path.iterdir()] == ["large"]


def test_unknown_access_key(s3_url: str, operation: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    assert "does not know the access key" in said(operation, s3_url)


def test_wrong_secret_key(s3_url: str, operation: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "an-unfitting-one")
    assert "secret key does not belong" in said(operation, s3_url)


def test_wrong_secret_key_for_files(s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "an-unfitting-one")
    assert "secret key does not belong" in said(lambda store: store.get_file("k", tmp_path / "goal"), s3_url)


def test_no_credentials(operation: Operation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_") and name != "AWS_SECRET_ACCESS_KEY"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")
    with pytest.raises(StoreError, match="no credentials") as caught:
        operation(open_store("s3://bucket/runs"))
    assert "AWS_ACCESS_KEY_ID" in caught.value.problems[0].fix


def test_unreachable_endpoint(operation: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not printed")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    what = said(operation, "s3://bucket/runs")
    assert what == "cannot reach http://127.0.0.1:9: Connection refused"


def test_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://no-such-host.invalid:9000")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not printed")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    what = said(OPERATIONS["get"], "s3://bucket/runs")
    assert what.startswith("cannot reach http://no-such-host.invalid:9000: ")
    assert "<" not in what


@pytest.mark.parametrize(
    ("code", "text"), [("ExpiredToken", "have expired"), ("AccessDenied", "access denied"), ("Curious", "Curious")]
)
def test_refusals(s3_url: str, proxy: FaultyProxy, operation: Operation, code: str, text: str) -> None:
    body = f"<Error><Code>{code}</Code><Message>as said</Message></Error>".encode()
    proxy.rule = lambda request: Answer(403, body=body)
    assert text in said(operation, s3_url)
    assert len(proxy.requests) == 1  # a refused request is not repeated


def test_overload_that_does_not_end(
    s3_url: str, proxy: FaultyProxy, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    proxy.rule = lambda request: Answer(503, body=b"<Error><Code>SlowDown</Code></Error>")
    assert "overloaded or broken (SlowDown, 2 tries)" in said(operation, s3_url)


PASSING: dict[str, Fault] = {
    "busy": Answer(503, body=b"<Error><Code>SlowDown</Code></Error>"),
    "broken": Answer(500),
    "reset": Reset(),
    "lost answer": Reset(forwarded=True),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_passing_faults_are_mended_unseen(s3_url: str, proxy: FaultyProxy, tmp_path: Path, fault: Fault) -> None:
    def every_third_is_hurt(request: Request) -> Fault | None:
        return fault if request.number % 3 == 1 else None

    proxy.rule = every_third_is_hurt
    store = open_store(s3_url)
    (tmp_path / "large").write_bytes(os.urandom(20 << 20))
    store.put("exp/k", b"1")
    assert store.get("exp/k").data == b"1"
    assert store.create("exp/created", b"2")
    assert not store.create("exp/created", b"3")
    store.put_file("exp/large", tmp_path / "large")
    store.get_file("exp/large", tmp_path / "goal")
    assert (tmp_path / "goal").read_bytes() == (tmp_path / "large").read_bytes()
    assert [stat.key for stat in store.list()] == ["exp/created", "exp/k", "exp/large"]
    assert store.exists("exp/k")
    store.delete("exp/k")
    assert not store.exists("exp/k")
    assert len(proxy.hurt) > 3


def test_a_created_object_whose_answer_was_lost_is_known_as_ones_own(s3_url: str, proxy: FaultyProxy) -> None:
    proxy.rule = lambda request: Reset(forwarded=True) if request.number == 1 else None
    assert open_store(s3_url).create("lock", b"mine") is True
    assert len(proxy.hurt) == 1


def test_another_ones_object_is_not_taken_for_ones_own(s3_url: str, proxy: FaultyProxy) -> None:
    open_store(s3_url).create("lock", b"same")
    proxy.rule = lambda request: Reset() if request.number == 2 else None
    assert open_store(s3_url).create("lock", b"same") is False
    assert len(proxy.hurt) == 1


@pytest.mark.parametrize("replaced", [1, 99], ids=["once", "every time"])
def test_an_object_replaced_between_two_of_its_parts(
    replaced: int, s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A reader of parts gets the whole new object, or one message if it is replaced endlessly."""
    direct = open_store(s3_url)
    source = tmp_path / "source"
    source.write_bytes(bytes(17 << 20))
    direct.put_file("k", source)
    with FaultyProxy(os.environ["AWS_ENDPOINT_URL_S3"]).running() as door:
        heads = 0

        def replace(request: Request) -> Fault | None:
            nonlocal heads
            if request.method == "HEAD":
                heads += 1
            elif heads <= replaced and door.requests[-2].method == "HEAD":  # the first part of a new attempt
                source.write_bytes(os.urandom(17 << 20))
                direct.put_file("k", source)
            return None

        door.rule = replace
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", door.url)
        store = open_store(s3_url)
        if replaced == 1:
            store.get_file("k", tmp_path / "goal")
            assert (tmp_path / "goal").read_bytes() == source.read_bytes()
        else:
            with pytest.raises(StoreError, match="replaced"):
                store.get_file("k", tmp_path / "goal")
            assert not (tmp_path / "goal").exists()


def test_a_body_cut_midway_is_read_again(s3_url: str, proxy: FaultyProxy, tmp_path: Path) -> None:
    data = os.urandom(20 << 20)
    (tmp_path / "source").write_bytes(data)
    store = open_store(s3_url)
    store.put_file("k", tmp_path / "source")
    proxy.rule = lambda request: Cut(100_000) if request.number % 2 else None
    proxy.requests.clear()
    assert store.get("k").data == data
    store.get_file("k", tmp_path / "goal")
    assert (tmp_path / "goal").read_bytes() == data
    assert len(proxy.hurt) >= 2


def test_a_download_that_fails_leaves_nothing(
    s3_url: str, proxy: FaultyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    (tmp_path / "source").write_bytes(bytes(20 << 20))
    store = open_store(s3_url)
    store.put_file("k", tmp_path / "source")
    proxy.rule = lambda request: Answer(500) if request.method == "GET" else None
    (tmp_path / "goal").write_bytes(b"older")
    with pytest.raises(StoreError, match="overloaded or broken"):
        store.get_file("k", tmp_path / "goal")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["goal", "source"]
    assert (tmp_path / "goal").read_bytes() == b"older"


def test_an_upload_that_fails_leaves_nothing(
    s3_url: str, proxy: FaultyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    (tmp_path / "source").write_bytes(bytes(20 << 20))
    proxy.rule = lambda request: Answer(500) if "partNumber=2" in request.path else None
    with pytest.raises(StoreError, match="overloaded or broken"):
        open_store(s3_url).put_file("k", tmp_path / "source")
    assert list(open_store(s3_url).list()) == []
    assert any(request.method == "DELETE" for request in proxy.requests)  # of the parts, which take up hidden space


def test_a_local_file_that_cannot_be_written_is_named(s3_url: str, tmp_path: Path) -> None:
    store = open_store(s3_url)
    store.put("k", b"1")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError) as caught:
        store.get_file("k", tmp_path / "file" / "goal")
    assert caught.value.problems[0].where == str(tmp_path / "file" / "goal")


@pytest.mark.parametrize("url", ["s3://", "s3:///prefix"])
def test_a_url_without_a_bucket(url: str) -> None:
    with pytest.raises(StoreError, match="names no bucket"):
        open_store(url)


def test_a_url_with_an_impossible_bucket() -> None:
    with pytest.raises(LocationError, match="'under score' is not the name of a bucket"):
        open_store("s3://under score/runs")


def test_settings_that_are_not_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    with pytest.raises(StoreError, match="no-such-profile"):
        open_store("s3://bucket/runs")
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "not a url")
    with pytest.raises(StoreError, match="AWS_ENDPOINT_URL_S3 has a space in it"):
        open_store("s3://bucket/runs")
