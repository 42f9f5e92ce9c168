"""What a store has not accepted is on disk, in order and bounded, and the next attempt finds it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.storage.write_behind.spool import Spool, SpoolFullError, leftovers

MIB = 1 << 20


def described(spool: Spool) -> list[tuple[str, str, bytes]]:
    return [
        (e.operation, e.key, spool.content(e).read_bytes() if e.operation == "put" else b"")
        for e in spool.entries.values()
    ]


def test_another_process_finds_everything_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "001-a", MIB)
    spool.put("log", b"1\n")
    spool.put("checkpoint", b"x")
    spool.delete("old")
    spool.close(keep=True)
    ((name, found),) = leftovers(tmp_path, MIB)
    assert name == "001-a"
    assert described(found) == [("put", "log", b"1\n"), ("put", "checkpoint", b"x"), ("delete", "old", b"")]


def test_what_a_living_attempt_holds_is_left_alone(tmp_path: Path) -> None:
    living = Spool(tmp_path / "001-a", MIB)
    assert list(leftovers(tmp_path, MIB)) == []
    living.close(keep=True)
    assert [name for name, _ in leftovers(tmp_path, MIB)] == ["001-a"]


def test_a_log_that_grows_is_kept_once_and_not_later_than_its_beginning(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MIB)
    spool.put("log", b"1\n")
    spool.put("checkpoint", b"x")
    spool.put("log", b"1\n2\n")
    assert described(spool) == [("put", "log", b"1\n2\n"), ("put", "checkpoint", b"x")]
    spool.put("log", b"other")
    assert [key for _, key, _ in described(spool)] == ["log", "checkpoint", "log"], "not a continuation: its own place"


def test_a_checkpoint_that_need_not_stay_is_not_delivered(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MIB)
    spool.put("a", b"1")
    spool.put("b", b"2")
    spool.delete("a")
    assert described(spool) == [("put", "b", b"2"), ("delete", "a", b"")]


def test_it_is_bounded_for_checkpoints_but_takes_last_words(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 5 * MIB)
    spool.put("a", bytes(2 * MIB))
    spool.put("b", bytes(2 * MIB))
    with pytest.raises(SpoolFullError, match="4 of 5 MiB kept for it are used: there is no room for 2 MiB more"):
        spool.put("c", bytes(2 * MIB))
    spool.put("log", b"why it ended\n")
    spool.delete("a")
    spool.put("c", bytes(2 * MIB))
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".data") == [
        "000002.data",
        "000003.data",
        "000005.data",
    ]


@pytest.mark.parametrize("left", ["000002.data", ".writing-123", "000002.json"])
def test_what_a_kill_cut_is_no_entry(left: str, tmp_path: Path) -> None:
    spool = Spool(tmp_path, MIB)
    spool.put("a", b"1")
    spool.close(keep=True)
    (tmp_path / left).write_bytes(b"{")
    again = Spool(tmp_path, MIB)
    assert described(again) == [("put", "a", b"1")]
    again.put("b", b"2")
    assert [key for _, key, _ in described(again)] == ["a", "b"]


def test_a_full_disk_is_said_and_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, MIB)
    spool.put("a", b"1")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("gridctl_trainer.host.atomic_file.os.fsync", full)
        with pytest.raises(StoreError, match="No space left on device") as raised:
            spool.put("b", b"2")
    assert "GRIDCTL_SPOOL" in raised.value.problems[0].fix
    assert described(spool) == [("put", "a", b"1")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000001.data", "000001.json", "lock"]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["put", "grow", "delete", "deliver", "restart"]), st.sampled_from("abc")), max_size=12
    )
)
def test_whatever_happens_the_store_ends_as_if_it_had_never_failed(
    steps: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder, MIB)
    direct: dict[str, bytes] = {}
    delivered: dict[str, bytes] = {}

    def deliver() -> None:
        entry = next(iter(spool.entries.values()), None)
        if entry is None:
            return
        if entry.operation == "put":
            delivered[entry.key] = spool.content(entry).read_bytes()
        else:
            delivered.pop(entry.key, None)
        spool.remove(entry)

    for number, (what, key) in enumerate(steps):
        if what in ("put", "grow"):
            direct[key] = (direct.get(key, b"") if what == "grow" else b"") + f"{number};".encode()
            spool.put(key, direct[key])
        elif what == "delete":
            direct.pop(key, None)
            spool.delete(key)
        elif what == "deliver":
            deliver()
        else:
            spool.close(keep=True)
            spool = Spool(folder, MIB)
    while spool.entries:
        deliver()
    spool.close(keep=False)
    assert delivered == direct
    assert not folder.exists()
