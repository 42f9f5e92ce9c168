"""Runs whose Jobs a submission has not created yet are queued exactly as long as the submission lives."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gridctl.collection.read_cache import ReadCache
from gridctl.collection.waiting_submission import (
    LAPSES_AFTER_S,
    WaitingNote,
    WaitingSubmission,
    held_by_submissions,
)
from gridctl_trainer.contract.layout import is_waiting_submission, run_of
from gridctl_trainer.storage.base import Stat, Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"))


def notes(store: Store) -> list[Stat]:
    return [stat for stat in store.list("tiny/") if is_waiting_submission(stat.key)]


def held(store: Store, aged_s: float = 0.0) -> dict[str, str]:
    stats = [replace(stat, modified=stat.modified - aged_s) for stat in notes(store)]
    return dict(held_by_submissions(store, stats, ReadCache.of(store)))


def test_it_holds_what_is_left_until_its_end(store: Store) -> None:
    note = WaitingNote(store, "tiny", 2)
    note.renew(["a", "b"])
    assert set(held(store)) == {"a", "b"}
    assert f"--max-active 2 (process {os.getpid()} on {platform.node()})" in held(store)["a"]
    assert all(run_of(stat.key) is None for stat in notes(store)), "it is no run"
    note.end()
    assert not notes(store)


def test_it_ends_with_its_last_run(store: Store) -> None:
    note = WaitingNote(store, "tiny", 2)
    note.renew(["a"])
    note.renew([])
    assert not notes(store)


def test_one_that_is_not_renewed_holds_nothing(store: Store) -> None:
    WaitingNote(store, "tiny", 1).renew(["a"])
    assert held(store, LAPSES_AFTER_S - 60)
    assert not held(store, LAPSES_AFTER_S + 60)


@pytest.mark.parametrize(("host", "lives"), [(platform.node(), False), ("another machine", True)])
def test_a_killed_process_of_this_machine_is_seen_at_once(host: str, lives: bool, store: Store) -> None:
    gone = os.fork()
    if not gone:
        os._exit(0)
    os.waitpid(gone, 0)
    note = WaitingSubmission(host=host, process_id=gone, max_active=1, run_ids=("a",))
    store.put("tiny/waiting/00.json", note.to_json())
    assert bool(held(store)) == lives


def test_a_note_that_cannot_be_read_holds_nothing(store: Store) -> None:
    store.put("tiny/waiting/00.json", b"{}")
    assert notes(store)
    assert not held(store)


def test_it_is_written_no_more_often_than_needed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    note, written = WaitingNote(store, "tiny", 1), []
    for second in range(61):
        now[0] = 1000.0 + second
        note.renew(["a", "b"])
        written.append(notes(store)[0].etag + str(notes(store)[0].modified))
    assert len(set(written)) <= 3
