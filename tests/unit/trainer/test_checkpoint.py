"""The newest valid checkpoint is found, whatever happened to the last upload and whatever other attempts write."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from gridctl_trainer.contract.errors import SpecError, StoreError
from gridctl_trainer.contract.layout import AttemptName, CheckpointName, Position, RunLayout, checkpoint_of
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from gridctl_trainer.training.checkpoints.checkpoints import Checkpoints, weights_sha256
from tests.scored import VALIDATION_DICE

FIRST, SECOND = AttemptName(1, "a"), AttemptName(2, "b")


def spec(**training: object) -> RunSpec:
    content = {
        "experiment": "demo",
        "model": "unet",
        "network": {"architecture": "unet"},
        "train_ratio": 0.5,
        "seed": 3,
        "data": {"train": {"dataset": "acdc", "path": "a"}},
        "training": training,
    }
    return RunSpec.model_validate(content)


LAYOUT = RunLayout("demo", spec().run_id)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def state_at(position: Position) -> Mapping[str, Any]:
    return {"model": {"w": torch.full((3,), float(position.epoch * 100 + position.step))}, "rng": [1, None]}


def save(store: FolderStore, *positions: Position, attempt: AttemptName = FIRST) -> Checkpoints:
    """The checkpoints that an attempt leaves if it begins now and gets to this epoch."""
    made = Checkpoints(store, spec(), attempt)
    made.newest()
    for position in positions:
        made.save(position, state_at(position), "data", {})
    return made


def newest(store: FolderStore) -> float | None:
    found = Checkpoints(store, spec(), SECOND).newest()
    return float(found[1]["model"]["w"][0]) if found else None


def there(store: FolderStore) -> list[Position]:
    return [name.position for stat in store.list(LAYOUT.checkpoints) if (name := checkpoint_of(stat.key))]


def checkpoint(position: Position) -> str:
    return LAYOUT.checkpoint(CheckpointName(position, FIRST))


def manifest(position: Position) -> str:
    return LAYOUT.checkpoint_manifest(CheckpointName(position, FIRST))


def test_none_yet(store: FolderStore) -> None:
    assert newest(store) is None


def test_the_newest_is_found_within_an_epoch_too(store: FolderStore) -> None:
    save(store, Position(9), Position(10), Position(10, 3))
    found, state = Checkpoints(store, spec(), SECOND).newest() or pytest.fail("nothing found")
    assert found.position == Position(10, 3)
    assert found.data_digest == "data"
    assert state["rng"] == [1, None]


def test_only_the_last_ones_are_kept_across_attempts(store: FolderStore) -> None:
    save(store, *(Position(epoch) for epoch in range(1, 4)))
    save(store, Position(4), attempt=SECOND)
    assert there(store) == [Position(3), Position(4)]
    assert len(list(store.list(LAYOUT.checkpoints))) == 4, "each with its manifest"


def test_every_nth_and_the_best_stay(store: FolderStore) -> None:
    dice = {1: 0.1, 2: 0.9, 3: 0.5, 4: 0.9, 5: 0.2, 6: 0.3, 7: 0.4, 8: 0.8}
    best_by = VALIDATION_DICE
    options = {"checkpoint_keep_last": 1, "checkpoint_keep_every_epochs": 3, "checkpoint_keep_best": best_by}
    made = Checkpoints(store, spec(**options), FIRST)
    asked = []
    for epoch, value in dice.items():
        if epoch == 5:  # another attempt learns the best epoch so far from the manifests
            made = Checkpoints(store, spec(**options), SECOND)
            made.newest()
        asked.append(made.is_best({best_by: value}))
        made.save(Position(epoch), state_at(Position(epoch)), "data", {best_by: value})
    assert asked == [True, True, False, False, False, False, False, False]
    assert there(store) == [Position(2), Position(3), Position(6), Position(8)]


@pytest.mark.parametrize("keep", [0, 1, 100])
def test_a_checkpoint_that_was_cut_is_passed_over(store: FolderStore, keep: int) -> None:
    save(store, Position(1), Position(2))
    store.put(checkpoint(Position(2)), store.get(checkpoint(Position(2))).data[:keep])
    assert newest(store) == 100


def test_a_flipped_bit_is_noticed(store: FolderStore) -> None:
    save(store, Position(1), Position(2))
    data = bytearray(store.get(checkpoint(Position(2))).data)
    data[len(data) // 2] ^= 1
    store.put(checkpoint(Position(2)), bytes(data))
    assert newest(store) == 100


def test_a_checkpoint_without_its_manifest_is_none(store: FolderStore) -> None:
    save(store, Position(1), Position(2))
    store.delete(manifest(Position(2)))
    assert newest(store) == 100


def test_a_manifest_without_its_checkpoint_or_a_damaged_one_is_none(store: FolderStore) -> None:
    save(store, Position(1), Position(2))
    store.put(manifest(Position(2)), b"{")
    assert newest(store) == 100
    store.delete(checkpoint(Position(2)))
    assert newest(store) == 100


@pytest.mark.parametrize("part", ["manifest", "state"])
@pytest.mark.parametrize("kind", ["link to itself", "pipe", "folder", "huge"])
def test_what_is_no_file_is_passed_over(part: str, kind: str, store: FolderStore, tmp_path: Path) -> None:
    save(store, Position(1), Position(2))
    path = tmp_path / (manifest(Position(2)) if part == "manifest" else checkpoint(Position(2)))
    path.unlink()
    if kind == "link to itself":
        path.symlink_to(path.name)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(1 << 26)
    assert newest(store) == 100


def test_damaged_ones_are_not_counted_as_kept_and_go_when_passed(store: FolderStore) -> None:
    """Of checkpoints 1, 2 and a damaged 3, an attempt at 2 leaves 1 and 2, and one that gets to 4 leaves 2 and 4."""
    save(store, Position(1), Position(2))
    store.put(checkpoint(Position(3)), b"cut")
    save(store, Position(4), attempt=SECOND)
    assert there(store) == [Position(2), Position(4)]


def test_an_older_attempt_that_still_lives_removes_nothing_of_its_successor(store: FolderStore) -> None:
    """The attempt is at 2 while its successor is at 5; what lies before 5 belongs to the successor and stays."""
    older = save(store, Position(1))
    save(store, Position(4), Position(5), attempt=SECOND)
    older.save(Position(2), state_at(Position(2)), "data", {})
    older.save(Position(3), state_at(Position(3)), "data", {})
    assert newest(store) == 500
    assert {Position(4), Position(5)} <= set(there(store))


def test_two_attempts_at_one_position_have_an_object_each(store: FolderStore) -> None:
    save(store, Position(5))
    save(store, Position(5), attempt=SECOND)
    store.put(LAYOUT.checkpoint(CheckpointName(Position(5), SECOND)), b"cut")
    assert newest(store) == 500, "the other one is whole"


def test_checkpoints_that_vanish_while_they_are_read_are_looked_for_again(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt that is still running writes a newer checkpoint and removes those that were just listed."""
    living = save(store, Position(1), Position(2))
    real = store.get
    moved = []

    def get(key: str, max_bytes: int | None = None) -> Any:
        if not moved:
            moved.append(key)
            living.save(Position(3), state_at(Position(3)), "data", {})
            living.save(Position(4), state_at(Position(4)), "data", {})
        return real(key, max_bytes)

    monkeypatch.setattr(store, "get", get)
    assert newest(store) == 400


def test_a_checkpoint_of_another_specification_is_refused_by_name(store: FolderStore) -> None:
    save(store, Position(1))
    content = json.loads(store.get(manifest(Position(1))).data)
    store.put(manifest(Position(1)), json.dumps(content | {"spec_digest": "other"}).encode())
    with pytest.raises(SpecError, match="another specification") as raised:
        newest(store)
    assert raised.value.problems[0].where == manifest(Position(1))


def test_a_checkpoint_of_another_format_is_refused_by_name_and_not_trained_over(store: FolderStore) -> None:
    save(store, Position(1))
    content = json.loads(store.get(manifest(Position(1))).data)
    store.put(manifest(Position(1)), json.dumps(content | {"schema_version": 99, "new": True}).encode())
    with pytest.raises(SpecError, match="has format 99, but this trainer reads format 2") as raised:
        newest(store)
    assert raised.value.problems[0].where == manifest(Position(1))


def test_a_failed_save_leaves_the_older_ones(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    made = save(store, Position(1), Position(2))

    def fail(key: str, data: bytes) -> str:
        raise StoreError("No space left on device", where=key)

    monkeypatch.setattr(store, "put", fail)
    with pytest.raises(StoreError):
        made.save(Position(3), state_at(Position(3)), "data", {})
    assert there(store) == [Position(1), Position(2)]


def test_weights_have_one_hash_and_every_change_another() -> None:
    weights = {"a": torch.zeros(2, 3), "b": torch.tensor(1)}
    digest = weights_sha256(weights)
    assert digest == weights_sha256({"b": torch.tensor(1), "a": torch.zeros(3, 2).T})
    changed = torch.zeros(2, 3)
    changed[0, 0] = -0.0
    assert weights_sha256({**weights, "a": changed}) != digest
    assert weights_sha256({**weights, "a": torch.zeros(3, 2)}) != digest
    assert weights_sha256({**weights, "a": torch.zeros(2, 3, dtype=torch.float64)}) != digest
