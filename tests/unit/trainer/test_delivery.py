"""A store that fails temporarily gets everything later and in order, and training does not wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gridctl_trainer.contract.errors import NotFoundError, StoreError
from gridctl_trainer.host.backoff import Backoff
from gridctl_trainer.host.signals import StoppedError, StopSignal
from gridctl_trainer.storage.folder import FolderStore
from gridctl_trainer.storage.retry import Retry
from gridctl_trainer.storage.write_behind.spool import Spool
from gridctl_trainer.storage.write_behind.spooled_store import SpooledStore

MIB = 1 << 20


class Flaky(FolderStore):
    """A store that fails unless `well` is set, and records what it accepts."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.well = threading.Event()
        self.well.set()
        self.taken: list[str] = []
        self.refused = threading.Event()
        self.passing = True

    def _check(self, key: str) -> None:
        if not self.well.is_set():
            self.refused.set()
            raise StoreError("the server is broken", where=key, passing=self.passing)

    def put_file(self, key: str, path: Path) -> str:
        self._check(key)
        self.taken.append(f"put {key}")
        return super().put_file(key, path)

    def delete(self, key: str) -> None:
        self._check(key)
        self.taken.append(f"delete {key}")
        super().delete(key)

    def exists(self, key: str) -> bool:
        self._check(key)
        return super().exists(key)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridctl_trainer.storage.write_behind.spooled_store.BACKOFF", Backoff(0.01, 0.01))
    monkeypatch.setattr("gridctl_trainer.storage.retry.BACKOFF", Backoff(0.01, 0.01))


@pytest.fixture
def remote(tmp_path: Path) -> Flaky:
    return Flaky(tmp_path / "store")


@pytest.fixture
def make(remote: Flaky, tmp_path: Path) -> Iterator[Callable[[], SpooledStore]]:
    """Opens the store as consecutive attempts on one machine do."""
    opened = []

    def new() -> SpooledStore:
        store = SpooledStore(remote, Spool(tmp_path / "spool", 4 * MIB), Retry(5, StopSignal()), lambda: remote)
        opened.append(store)
        return store

    yield new
    for store in opened[-1:]:
        store.close()


def test_a_store_that_fails_gets_everything_later_and_in_order(make: Callable[[], SpooledStore], remote: Flaky) -> None:
    store = make()
    store.put("log", b"1")
    assert store.settle(10)
    remote.well.clear()
    store.put("log", b"12")
    store.put("checkpoint", b"x")
    store.put("manifest", b"m")
    store.delete("log")
    assert remote.refused.wait(10)
    assert not store.settle(10, while_well=True), "it is known to fail: nobody waits"
    assert store.failure is not None
    assert store.waiting
    remote.well.set()
    assert store.settle(10)
    assert remote.taken[0] == "put log"
    assert remote.taken[-3:] == ["put checkpoint", "put manifest", "delete log"]
    assert store.failure is None


def test_what_was_written_is_read_though_the_store_has_not_got_it(
    make: Callable[[], SpooledStore], remote: Flaky, tmp_path: Path
) -> None:
    remote.put("run/old", b"1")
    store = make()
    remote.well.clear()
    store.put("run/new", b"2")
    store.delete("run/old")
    assert store.get("run/new").data == b"2"
    store.get_file("run/new", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"2"
    assert store.exists("run/new")
    assert not store.exists("run/old")
    assert [stat.key for stat in store.list("run/")] == ["run/new"]
    with pytest.raises(NotFoundError):
        store.get("run/old")


def test_what_a_dead_attempt_left_is_delivered_by_the_next(make: Callable[[], SpooledStore], remote: Flaky) -> None:
    remote.well.clear()
    first = make()
    first.put("checkpoint", b"x")
    assert remote.refused.wait(10)
    first.close()
    remote.well.set()
    second = make()
    assert second.settle(10)
    assert remote.get("checkpoint").data == b"x"


def test_a_spool_that_is_empty_leaves_nothing_behind(make: Callable[[], SpooledStore], tmp_path: Path) -> None:
    store = make()
    store.put("a", b"1")
    assert store.settle(10)
    store.close()
    assert not (tmp_path / "spool").exists()


def test_reads_wait_out_what_passes_and_nothing_else(make: Callable[[], SpooledStore], remote: Flaky) -> None:
    store = make()
    remote.well.clear()
    threading.Timer(0.3, remote.well.set).start()
    assert not store.exists("a"), "answered once the store was back"
    remote.well.clear()
    remote.passing = False
    started = time.monotonic()
    with pytest.raises(StoreError, match="broken"):
        store.exists("a")
    assert time.monotonic() - started < 5, "a wrong key stays wrong"


def test_a_stop_ends_the_waiting(remote: Flaky) -> None:
    remote.well.clear()
    stop = StopSignal()
    threading.Timer(0.2, lambda: setattr(stop, "requested", True)).start()
    with pytest.raises(StoppedError):
        Retry(60, stop)(lambda: remote.exists("a"))


def test_a_retry_ends(remote: Flaky) -> None:
    remote.well.clear()
    with pytest.raises(StoreError, match="broken"):
        Retry(0.1, StopSignal())(lambda: remote.exists("a"))


def test_a_bug_in_the_store_is_a_failing_store(make: Callable[[], SpooledStore], remote: Flaky) -> None:
    store = make()
    real, remote.put_file = remote.put_file, lambda key, path: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    store.put("a", b"1")
    assert not store.settle(10, while_well=True)
    assert "ZeroDivisionError" in str(store.failure)
    remote.put_file = real  # type: ignore[method-assign]
    assert store.settle(10)
