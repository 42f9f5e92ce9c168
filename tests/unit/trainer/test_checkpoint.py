"""The newest valid checkpoint is found, whatever happened to the last upload."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from trainer.checkpoint import KEPT, Checkpoints, weights_sha256
from trainer.contract.errors import SpecError, StoreError
from trainer.contract.folder_store import FolderStore
from trainer.contract.layout import Position, RunLayout

LAYOUT = RunLayout("demo", "run")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def checkpoints(store: FolderStore, digest: str = "spec") -> Checkpoints:
    return Checkpoints(store, LAYOUT, digest)


def save(store: FolderStore, *positions: Position) -> None:
    for position in positions:
        value = float(position.epoch * 100 + position.step)
        state = {"model": {"w": torch.full((3,), value)}, "rng": [1, None]}
        checkpoints(store).save(position, state, "data")


def newest(store: FolderStore) -> float | None:
    found = checkpoints(store).newest()
    return float(found[1]["model"]["w"][0]) if found else None


def test_none_yet(store: FolderStore) -> None:
    assert checkpoints(store).newest() is None


def test_the_newest_is_found_within_an_epoch_too(store: FolderStore) -> None:
    save(store, Position(9), Position(10), Position(10, 3))
    manifest, state = checkpoints(store).newest() or pytest.fail("nothing found")
    assert manifest.position == Position(10, 3)
    assert manifest.data_digest == "data"
    assert state["rng"] == [1, None]


def test_only_the_last_ones_are_kept(store: FolderStore) -> None:
    save(store, *(Position(epoch) for epoch in range(1, 6)))
    kept = [stat.key for stat in store.list(LAYOUT.checkpoints)]
    assert kept == [
        key
        for epoch in range(6 - KEPT, 6)
        for key in (LAYOUT.checkpoint_manifest(Position(epoch)), LAYOUT.checkpoint(Position(epoch)))
    ]


@pytest.mark.parametrize("keep", [0, 1, 100])
def test_a_checkpoint_that_was_cut_is_passed_over(store: FolderStore, keep: int) -> None:
    save(store, Position(1), Position(2))
    key = LAYOUT.checkpoint(Position(2))
    store.put(key, store.get(key).data[:keep])
    assert newest(store) == 100


def test_a_flipped_bit_is_noticed(store: FolderStore) -> None:
    save(store, Position(1), Position(2))
    data = bytearray(store.get(LAYOUT.checkpoint(Position(2))).data)
    data[len(data) // 2] ^= 1
    store.put(LAYOUT.checkpoint(Position(2)), bytes(data))
    assert newest(store) == 100


def test_a_checkpoint_without_its_manifest_is_none(store: FolderStore) -> None:
    save(store, Position(1), Position(2))
    store.delete(LAYOUT.checkpoint_manifest(Position(2)))
    assert newest(store) == 100


def test_a_manifest_without_its_checkpoint_or_a_damaged_one_is_none(store: FolderStore) -> None:
    save(store, Position(1), Position(2))
    store.put(LAYOUT.checkpoint_manifest(Position(2)), b"{")
    assert newest(store) == 100
    store.delete(LAYOUT.checkpoint(Position(2)))
    assert newest(store) == 100


def test_a_checkpoint_of_another_specification_is_refused_by_name(store: FolderStore) -> None:
    save(store, Position(1))
    with pytest.raises(SpecError, match="another specification"):
        checkpoints(store, "other").newest()


def test_a_failed_save_leaves_the_older_ones(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    save(store, Position(1))

    def fail(key: str, path: Path) -> str:
        raise StoreError("No space left on device", where=key)

    monkeypatch.setattr(store, "put_file", fail)
    with pytest.raises(StoreError):
        save(store, Position(2))
    assert newest(store) == 100


def test_weights_have_one_hash_and_every_change_another() -> None:
    weights = {"a": torch.zeros(2, 3), "b": torch.tensor(1)}
    digest = weights_sha256(weights)
    assert digest == weights_sha256({"b": torch.tensor(1), "a": torch.zeros(3, 2).T})
    changed = torch.zeros(2, 3)
    changed[0, 0] = -0.0
    assert weights_sha256({**weights, "a": changed}) != digest
    assert weights_sha256({**weights, "a": torch.zeros(3, 2)}) != digest
    assert weights_sha256({**weights, "a": torch.zeros(2, 3, dtype=torch.float64)}) != digest
