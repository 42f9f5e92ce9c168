"""All stores keep the same promises."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gridctl_trainer.contract.errors import NotFoundError, StoreError
from gridctl_trainer.storage.base import Store, folders_of, open_store

SEVERAL_PARTS = 20 << 20


def test_what_was_put_is_what_is_got(store: Store) -> None:
    etag = store.put("exp/run/spec.json", b"{}\n")
    blob = store.get("exp/run/spec.json")
    assert (blob.data, blob.etag) == (b"{}\n", etag)


def test_an_empty_object_is_an_object(store: Store) -> None:
    store.put("exp/empty", b"")
    assert store.get("exp/empty").data == b""
    assert store.exists("exp/empty")


@pytest.mark.parametrize("key", ["a", "a/b/c.json", "γ/naïve name+&%20=.txt", "x" * 200])
def test_keys_are_kept_to_the_letter(store: Store, key: str) -> None:
    store.put(key, b"1")
    assert [stat.key for stat in store.list()] == [key]
    assert store.get(key).data == b"1"


def test_a_put_replaces_and_its_etag_tells(store: Store) -> None:
    first = store.put("k", b"one")
    second = store.put("k", b"two")
    assert first != second
    assert store.get("k").data == b"two"


def test_one_etag_everywhere(store: Store, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(os.urandom(SEVERAL_PARTS))
    etags = {"small": store.put("small", b"1"), "large": store.put_file("large", tmp_path / "large")}
    assert {stat.key: stat.etag for stat in store.list()} == etags
    assert {key: store.get(key).etag for key in etags} == etags


@pytest.mark.parametrize("size", [0, 1, 1 << 20, 8 << 20, SEVERAL_PARTS + 1])
def test_files_of_any_size_go_and_come_back(store: Store, tmp_path: Path, size: int) -> None:
    source, goal = tmp_path / "source", tmp_path / "new" / "goal"
    source.write_bytes(os.urandom(size))
    store.put_file("exp/run/checkpoints/epoch-0001.pt", source)
    store.get_file("exp/run/checkpoints/epoch-0001.pt", goal)
    assert goal.read_bytes() == source.read_bytes()
    assert [path.name for path in goal.parent.iterdir()] == ["goal"]


def test_a_missing_object_is_said_to_be_missing(store: Store, tmp_path: Path) -> None:
    for read in (store.get, lambda key: store.get_file(key, tmp_path / "goal")):
        with pytest.raises(NotFoundError, match="no such object") as caught:
            read("exp/none")
        assert caught.value.problems[0].where.endswith("exp/none")
    assert list(tmp_path.glob("goal*")) == []
    assert not store.exists("exp/none")


def test_a_prefix_of_keys_is_no_object(store: Store, tmp_path: Path) -> None:
    store.put("exp/run/spec.json", b"{}")
    assert not store.exists("exp/run")
    with pytest.raises(NotFoundError):
        store.get("exp/run")
    with pytest.raises(NotFoundError):
        store.get_file("exp/run", tmp_path / "goal")
    assert not store.exists("exp/run/spec")


def test_create_never_replaces(store: Store) -> None:
    assert store.create("exp/k", b"one") is True
    assert store.create("exp/k", b"two") is False
    assert store.create("exp/k", b"one") is False
    assert store.get("exp/k").data == b"one"


def test_of_several_creators_just_one_wins(store: Store) -> None:
    for turn in range(5):
        start = threading.Barrier(8)

        def create(number: int, key: str = f"lock-{turn}", start: threading.Barrier = start) -> bool:
            start.wait()
            return store.create(key, str(number).encode())

        with ThreadPoolExecutor(8) as threads:
            won = list(threads.map(create, range(8)))
        assert won.count(True) == 1
        assert store.get(f"lock-{turn}").data == str(won.index(True)).encode()


def test_a_listing_is_ordered_by_key_and_cut_by_letters_not_folders(store: Store) -> None:
    keys = ["demo-2/a", "demo.x/a", "demo/a", "demo/b/c", "demo/b0", "demo0", "γ"]
    for key in reversed(keys):
        store.put(key, key.encode())
    assert [stat.key for stat in store.list()] == keys
    assert [stat.key for stat in store.list("demo/")] == ["demo/a", "demo/b/c", "demo/b0"]
    assert [stat.key for stat in store.list("demo/b")] == ["demo/b/c", "demo/b0"]
    assert [stat.key for stat in store.list("none")] == []
    assert {stat.key: stat.size_bytes for stat in store.list()} == {key: len(key.encode()) for key in keys}


def test_the_folders_of_a_store_are_found_without_what_lies_below(store: Store) -> None:
    assert list(folders_of(store)) == []
    for key in ("b/x/1", "a/1", "a/2", "top", "c-d/e"):
        store.put(key, b"")
    assert list(folders_of(store)) == ["a", "b", "c-d"]


def test_a_listing_of_more_than_a_page_is_whole(store: Store) -> None:
    keys = [f"exp/run-{number:04d}/spec.json" for number in range(1203)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda key: store.put(key, b"1"), keys))
    assert [stat.key for stat in store.list("exp/")] == keys


def test_a_listing_says_when(store: Store) -> None:
    store.put("a", b"1")
    first = next(iter(store.list())).modified
    assert 1.7e9 < first < 1e10


def test_deleting_is_final_and_may_be_repeated(store: Store) -> None:
    store.put("exp/run/a", b"1")
    store.put("exp/b", b"2")
    for _ in range(2):
        store.delete("exp/run/a")
    assert [stat.key for stat in store.list()] == ["exp/b"]
    assert store.create("exp/run/a", b"3")


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/./b", "a/../b", ".writing-1"])
def test_what_is_no_key_is_refused(store: Store, tmp_path: Path, key: str) -> None:
    for attempt in (
        store.get,
        store.exists,
        store.delete,
        lambda key: store.put(key, b""),
        lambda key: store.create(key, b""),
        lambda key: store.get_file(key, tmp_path / "goal"),
    ):
        with pytest.raises(StoreError, match="not a key"):
            attempt(key)


def test_readers_see_the_old_object_or_the_new_one(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "source"
    wholes = [bytes([letter]) * (9 << 20) for letter in (1, 2)]
    source.write_bytes(wholes[0])
    store.put_file("k", source)
    done = threading.Event()

    def write() -> None:
        for turn in range(4):
            source.write_bytes(wholes[turn % 2])
            store.put_file("k", source)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not done.is_set():
            assert store.get("k").data in wholes
            store.get_file("k", tmp_path / "goal")
            assert (tmp_path / "goal").read_bytes() in wholes
    finally:
        writer.join()


def test_stores_side_by_side_do_not_see_each_other(new_store: Callable[[], Store]) -> None:
    one, other = new_store(), new_store()
    one.put("k", b"1")
    assert list(other.list()) == []
    assert not other.exists("k")


def test_its_url_opens_it_again(store: Store) -> None:
    store.put("k", b"1")
    assert open_store(store.url).get("k").data == b"1"
    assert open_store(store.url + "/").url == store.url


def test_threads_share_a_store(store: Store) -> None:
    def work(number: int) -> bytes:
        store.put(f"k/{number}", str(number).encode())
        return store.get(f"k/{number}").data

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(work, range(64))) == [str(number).encode() for number in range(64)]


KEYS = st.sampled_from(["a", "b", "exp/a", "exp/b", "exp/run/a", "exp-2/a"])
DATA = st.binary(max_size=20)


def test_it_is_a_dictionary(new_store: Callable[[], Store], tmp_path: Path) -> None:
    class Model(RuleBasedStateMachine):
        @initialize()
        def start(self) -> None:
            self.store = new_store()
            self.kept: dict[str, bytes] = {}

        @rule(key=KEYS, data=DATA)
        def put(self, key: str, data: bytes) -> None:
            self.store.put(key, data)
            self.kept[key] = data

        @rule(key=KEYS, data=DATA)
        def put_file(self, key: str, data: bytes) -> None:
            (tmp_path / "file").write_bytes(data)
            self.store.put_file(key, tmp_path / "file")
            self.kept[key] = data

        @rule(key=KEYS, data=DATA)
        def create(self, key: str, data: bytes) -> None:
            assert self.store.create(key, data) == (key not in self.kept)
            self.kept.setdefault(key, data)

        @rule(key=KEYS)
        def delete(self, key: str) -> None:
            self.store.delete(key)
            self.kept.pop(key, None)

        @rule(key=KEYS)
        def get(self, key: str) -> None:
            assert self.store.exists(key) == (key in self.kept)
            if key in self.kept:
                assert self.store.get(key).data == self.kept[key]

        @rule(prefix=st.sampled_from(["", "exp", "exp/", "exp/run/", "exp-"]))
        def list(self, prefix: str) -> None:
            found = [(stat.key, stat.size_bytes) for stat in self.store.list(prefix)]
            assert found == sorted((key, len(data)) for key, data in self.kept.items() if key.startswith(prefix))

        @invariant()
        def nothing_else(self) -> None:
            assert {stat.key for stat in self.store.list()} == self.kept.keys()

    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
