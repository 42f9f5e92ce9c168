"""Collecting from a bucket lists what did not change but does not read it, as counted over the wire."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from gridctl.collection.collect import collect
from gridctl.experiment import Experiment, parse_experiment
from gridctl.history.report_objects import object_digests
from gridctl_trainer.contract.errors import NotAnObjectError, NotFoundError, StoreError
from gridctl_trainer.contract.layout import AttemptName, RunLayout
from gridctl_trainer.storage.base import bulk_reader, bulk_writer, delete_all, open_store
from gridctl_trainer.storage.folder import FolderStore
from gridctl_trainer.storage.s3 import listing_page, store
from gridctl_trainer.storage.s3.store import S3Store
from tests.faulty_proxy import Answer, Fault, FaultyProxy, Request, Reset
from tests.unit.report.logged import dice_of, experiment, log_run

EPOCHS = 60


@pytest.fixture
def proxy(bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    with FaultyProxy(os.environ["AWS_ENDPOINT_URL_S3"]).running() as proxy, monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        yield proxy


@pytest.fixture(params=["obstore", "boto3"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "obstore":
        pytest.importorskip("obstore")
    else:
        monkeypatch.setattr(store.BulkObjects, "of", lambda *_: None)
    return str(request.param)


@pytest.fixture
def tiny(tmp_path: Path) -> Experiment:
    return parse_experiment(experiment(tmp_path / "data").document.with_overrides([f"training.epochs={EPOCHS}"]))


def read_objects(requests: list[Request], url: str) -> list[str]:
    """Keys that were read, without listings."""
    prefix = url.removeprefix("s3:/")
    gets = [request.path.partition("?") for request in requests if request.method == "GET"]
    assert all(path.startswith(prefix) or "list-type=2" in query for path, _, query in gets)
    return [path.removeprefix(f"{prefix}/") for path, _, query in gets if "list-type" not in query]


@pytest.mark.usefixtures("kind")
def test_only_what_changed_is_read(
    s3_url: str, proxy: FaultyProxy, tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bucket = open_store(s3_url)
    for run in tiny.runs:
        log_run(cast(FolderStore, bucket), run, dice_of(0.05), epochs=EPOCHS)
    proxy.requests.clear()
    first = collect(bucket, tiny.runs)
    assert len(first.epochs) == EPOCHS * len(tiny.runs)
    assert not first.problems
    assert len(read_objects(proxy.requests, s3_url)) == 2 * len(tiny.runs)

    proxy.requests.clear()
    assert collect(open_store(s3_url), tiny.runs).epochs.equals(first.epochs)
    assert read_objects(proxy.requests, s3_url) == []
    assert len(proxy.requests) == 1, "one listing"

    digests = object_digests(bucket, [stat for stat in first.listed if stat.key.endswith((".jsonl", "result.json"))])
    assert read_objects(proxy.requests, s3_url) == [], "what was read a moment ago is not read again for its SHA-256"
    assert digests == {key: hashlib.sha256(bucket.get(key).data).hexdigest() for key in digests}
    assert len(digests) == 2 * len(tiny.runs)

    changed = tiny.runs[3]
    log_run(cast(FolderStore, bucket), changed, dice_of(0.3), epochs=EPOCHS, finished=False)
    proxy.requests.clear()
    again = collect(open_store(s3_url), tiny.runs)
    assert read_objects(proxy.requests, s3_url) == [
        RunLayout(changed.experiment, changed.run_id).attempt(AttemptName(1, "abc"))
    ]
    assert not again.epochs.equals(first.epochs)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    assert collect(bucket, tiny.runs).epochs.equals(again.epochs)


def test_many_are_read_through_obstore_as_one_is_through_boto3(s3_url: str) -> None:
    pytest.importorskip("obstore")
    bucket = open_store(s3_url)
    assert isinstance(bucket, S3Store)
    for key, data in (("a/log-1.jsonl", b"x" * 100_000), ("empty.json", b""), ("gamma γ.json", b"1"), ("a%20b", b"2")):
        bucket.put(key, data)
        assert bulk_reader(bucket)(key, None) == bucket.get(key)
    assert bucket._bulk_objects is not None
    with pytest.raises(NotFoundError):
        bulk_reader(bucket)("not/there", None)
    with pytest.raises(NotAnObjectError):
        bulk_reader(bucket)("a/log-1.jsonl", 99_999)


def test_what_obstore_cannot_is_asked_of_boto3(
    s3_url: str, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("obstore")
    open_store(s3_url).put("key", b"content")
    bucket = open_store(s3_url)
    proxy.rule = lambda request: Answer(500) if is_through_obstore(request) else None
    for _ in range(5):
        assert bulk_reader(bucket)("key", None).data == b"content"
    others = [request for request in proxy.hurt if is_through_obstore(request)]
    proxy.requests.clear()
    assert bulk_reader(bucket)("key", None).data == b"content"
    assert len(proxy.requests) == 1, "after some failures it is left alone"
    assert others
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "*")
    behind = open_store(s3_url)
    assert isinstance(behind, S3Store)
    assert behind._bulk_objects is None


def test_many_are_written_through_obstore_as_one_is_through_boto3(s3_url: str, proxy: FaultyProxy) -> None:
    pytest.importorskip("obstore")
    bucket = open_store(s3_url)
    for key, data in (("a/spec-1.json", b"x" * 100_000), ("empty.json", b""), ("gamma γ.json", b"1"), ("a%20b", b"2")):
        bucket.put(key, b"older")
        assert bulk_writer(bucket)(key, data) == bucket.get(key).etag
        assert bucket.get(key).data == data
    assert [stat.key for stat in bucket.list()] == ["a%20b", "a/spec-1.json", "empty.json", "gamma γ.json"]
    assert {request.path for request in proxy.requests if is_through_obstore(request)} == {
        f"{s3_url.removeprefix('s3:/')}/{key}" for key in ("a/spec-1.json", "empty.json")
    }
    with pytest.raises(StoreError, match="not a key"):
        bulk_writer(bucket)("../elsewhere", b"")


@pytest.mark.parametrize("answer", [Answer(500), Answer(200, body=b"<html/>"), Reset()], ids=["500", "no ETag", "cut"])
def test_what_obstore_cannot_write_is_written_by_boto3(s3_url: str, proxy: FaultyProxy, answer: Fault) -> None:
    pytest.importorskip("obstore")
    bucket = open_store(s3_url)
    proxy.rule = lambda request: answer if is_through_obstore(request) else None
    for number in range(5):
        bulk_writer(bucket)(f"key-{number}", b"content")
    assert [stat.key for stat in bucket.list()] == [f"key-{number}" for number in range(5)]
    assert proxy.hurt


def test_a_refused_write_is_worded_by_boto3(s3_url: str, proxy: FaultyProxy) -> None:
    bucket = open_store(s3_url)
    proxy.rule = lambda _: Answer(403, body=b"<Error><Code>AccessDenied</Code><Message>No.</Message></Error>")
    with pytest.raises(StoreError) as one:
        bucket.put("key", b"")
    with pytest.raises(StoreError) as many:
        bulk_writer(bucket)("key", b"")
    assert many.value.problems == one.value.problems


def test_many_are_deleted_in_few_requests(s3_url: str, proxy: FaultyProxy) -> None:
    pytest.importorskip("obstore")
    bucket = open_store(s3_url)
    keys = [f"run-{number:03}/cancelled.json" for number in range(150)]
    for key in [*keys, "kept.json"]:
        bulk_writer(bucket)(key, b"{}")
    proxy.requests.clear()
    delete_all(bucket, [*keys, "never/there"], 4)
    assert [request.method for request in proxy.requests] == ["POST", "POST"]
    assert [stat.key for stat in bucket.list()] == ["kept.json"]


@pytest.mark.parametrize("answer", [Answer(500), Answer(501), Reset(), Reset(forwarded=True)], ids=repr)
def test_what_obstore_cannot_delete_is_deleted_by_boto3(s3_url: str, proxy: FaultyProxy, answer: Fault) -> None:
    bucket = open_store(s3_url)
    proxy.rule = lambda request: answer if is_through_obstore(request) else None
    keys = ["a", "b/c", "gamma γ.json", "it's"]
    for key in keys:
        bucket.put(key, b"")
    delete_all(bucket, keys, 2)
    assert list(bucket.list()) == []


@pytest.mark.parametrize("unasked", [False, True], ids=["of it", "of another object"])
def test_a_refused_deletion_is_worded_by_boto3(s3_url: str, proxy: FaultyProxy, *, unasked: bool) -> None:
    bucket = open_store(s3_url)
    key = "another" if unasked else f"{s3_url.removeprefix('s3://').partition('/')[2]}/key"
    refusal = "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>"
    said = f"<DeleteResult>{refusal.replace('<Code>', f'<Key>{key}</Key><Code>')}</DeleteResult>"
    proxy.rule = lambda request: (
        Answer(200, body=said.encode()) if request.method == "POST" else Answer(403, body=refusal.encode())
    )
    with pytest.raises(StoreError) as one:
        bucket.delete("key")
    with pytest.raises(StoreError) as many:
        delete_all(bucket, ["key"], 2)
    assert many.value.problems == one.value.problems


def test_a_folder_deletes_one_by_one(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("a/b", b"")
    store.put("kept", b"")
    delete_all(store, ["a/b", "never/there"], 2)
    assert [stat.key for stat in store.list()] == ["kept"]


def is_through_obstore(request: Request) -> bool:
    return "boto" not in request.headers["user-agent"].lower()


def test_a_listing_is_what_the_library_reads(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = open_store(s3_url)
    for key in ("a b/ü+&<.json", "a%2Fb.json", "plain.json", "x/y/z.json", "q?.json", "it's.json"):
        bucket.put(key, b"content of it")
    quick = list(bucket.list())
    assert len(quick) == 6
    monkeypatch.setattr(store, "take_objects", lambda **_: None)
    assert list(open_store(s3_url).list()) == quick


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html/>",
        b"<Error><Code>No</Code></Error>",
        b"<ListBucketResult><Contents><Key>a</Key><Size>many</Size></Contents></ListBucketResult>",
        b"<ListBucketResult><Contents><LastModified>Thu</LastModified></Contents></ListBucketResult>",
        b"<ListBucketResult><Contents><LastModified>2026-01-01T00:00:00</LastModified></Contents></ListBucketResult>",
        b"<ListBucketResult>",
    ],
)
def test_what_is_no_listing_is_left_to_the_library(body: bytes) -> None:
    answer, made = {"status_code": 200, "body": body}, dict[str, object]()
    listing_page.take_objects(response_dict=answer, customized_response_dict=made)
    assert (answer["body"], made) == (body, {})
