"""The leftovers of a dead attempt are delivered, unless its run was deleted, and scratch space is not exceeded."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridctl_trainer.contract.layout import AttemptName
from gridctl_trainer.host.signals import StopSignal
from gridctl_trainer.storage.folder import FolderStore
from gridctl_trainer.storage.write_behind import run_spool as spooling
from gridctl_trainer.storage.write_behind.spool import Spool, attempt_folder, folder_of, spool_root
from tests.unit.trainer.test_checkpoint import LAYOUT, spec

FIRST = AttemptName(1, "a")
MIB = 1 << 20


class Remote(FolderStore):
    """A store that the trainer does not recognise as a folder on this machine."""


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    class Local(FolderStore):
        pass

    monkeypatch.setenv("GRIDCTL_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setattr(spooling, "FolderStore", Local)
    return Remote(tmp_path / "store")


def leave_behind(remote: FolderStore) -> Path:
    folder = folder_of(spool_root(), remote.url, LAYOUT) / attempt_folder(FIRST)
    spool = Spool(folder, MIB)
    spool.put(f"{LAYOUT.checkpoints}x", b"1")
    spool.close(keep=True)
    return folder


def test_it_is_delivered(remote: FolderStore) -> None:
    remote.put(LAYOUT.attempt(FIRST), b"log")
    folder = leave_behind(remote)
    spooling.deliver_leftovers(spec(), remote, StopSignal())
    assert remote.get(f"{LAYOUT.checkpoints}x").data == b"1"
    assert not folder.exists()


def test_of_a_run_deleted_since_nothing_comes_back(remote: FolderStore) -> None:
    folder = leave_behind(remote)
    spooling.deliver_leftovers(spec(), remote, StopSignal())
    assert list(remote.list()) == []
    assert not folder.exists()


@pytest.mark.parametrize(
    ("scratch", "mib"), [("", 100), ("4Gi", 100), ("200Mi", 100), ("100Mi", 50), ("104857600", 50), ("nonsense", 100)]
)
def test_half_of_a_pods_scratch_at_most(scratch: str, mib: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDCTL_SCRATCH", scratch)
    assert spooling.limit_bytes(spec(spool_mib=100)) == mib * MIB
