"""Checkpoints: written whole, announced by a manifest, the newest valid one found again."""

from __future__ import annotations

import hashlib
import io
import logging
import pickle
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import torch
from pydantic import ValidationError

from trainer.contract.errors import NotFoundError, SpecError, StoreError
from trainer.contract.frozen import Frozen
from trainer.contract.layout import Position, RunLayout, checkpoint_of
from trainer.contract.store import Store

CHECKPOINT_SCHEMA_VERSION: Final = 1
KEPT: Final = 2
"""How many of the newest checkpoints stay: the one before the last is there if the last is damaged."""

_log = logging.getLogger(__name__)


class CheckpointManifest(Frozen):
    """Written after the checkpoint it describes: without it there is no checkpoint.

    Attributes:
        spec_digest: SHA-256 of the specification it belongs to.
        data_digest: SHA-256 of the data it was trained on.
        epoch, step: Whole epochs done, and steps of the next one.
        sha256, size_bytes: Of the checkpoint file.
    """

    schema_version: Literal[1] = CHECKPOINT_SCHEMA_VERSION
    spec_digest: str
    data_digest: str
    epoch: int
    step: int
    sha256: str
    size_bytes: int

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.step)


class Checkpoints:
    """The checkpoints of one run."""

    def __init__(self, store: Store, layout: RunLayout, spec_digest: str) -> None:
        self._store = store
        self._layout = layout
        self._spec_digest = spec_digest

    def save(self, position: Position, state: Mapping[str, Any], data_digest: str) -> None:
        """Store a checkpoint, then its manifest, then drop the old ones.

        Args:
            position: Where training stands.
            state: Nested dicts and lists of tensors and plain values.
            data_digest: Of the data it was trained on.

        Raises:
            StoreError: The store failed, or the local disk is full; older checkpoints are untouched.
        """
        with tempfile.TemporaryDirectory(prefix="gridctl-") as folder:
            path = Path(folder, "checkpoint.pt")
            _write(state, path)
            manifest = CheckpointManifest(
                spec_digest=self._spec_digest,
                data_digest=data_digest,
                epoch=position.epoch,
                step=position.step,
                sha256=_sha256(path),
                size_bytes=path.stat().st_size,
            )
            self._store.put_file(self._layout.checkpoint(position), path)
        self._store.put(self._layout.checkpoint_manifest(position), (manifest.model_dump_json() + "\n").encode())
        self._drop_all_but_newest()

    def newest(self) -> tuple[CheckpointManifest, Mapping[str, Any]] | None:
        """The newest checkpoint that is whole; damaged ones are passed over with a warning.

        Raises:
            SpecError: It belongs to another specification.
            StoreError: The store failed.
        """
        for position in self._positions():
            key = self._layout.checkpoint(position)
            try:
                manifest = CheckpointManifest.model_validate_json(
                    self._store.get(self._layout.checkpoint_manifest(position)).data
                )
                if manifest.spec_digest != self._spec_digest:
                    raise SpecError(
                        "this checkpoint belongs to another specification",
                        where=key,
                        fix="delete the run's folder in the store to train it anew",
                    )
                return manifest, self._load(key, manifest)
            except NotFoundError:
                _log.warning("%s was never announced: passed over", key)
            except (ValidationError, _DamagedError) as error:
                _log.warning("%s is damaged (%s): passed over", key, str(error).splitlines()[0])
        return None

    def _load(self, key: str, manifest: CheckpointManifest) -> Mapping[str, Any]:
        with tempfile.TemporaryDirectory(prefix="gridctl-") as folder:
            path = Path(folder, "checkpoint.pt")
            self._store.get_file(key, path)
            if path.stat().st_size != manifest.size_bytes or _sha256(path) != manifest.sha256:
                raise _DamagedError("its content is not what was written")
            try:
                state = torch.load(path, map_location="cpu", weights_only=True)
            except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
                raise _DamagedError(str(error)) from None
        if not isinstance(state, dict):
            raise _DamagedError("it holds no state")
        return state

    def _positions(self) -> list[Position]:
        found = (checkpoint_of(stat.key) for stat in self._store.list(self._layout.checkpoints))
        return sorted((position for position in found if position), reverse=True)

    def _drop_all_but_newest(self) -> None:
        for position in self._positions()[KEPT:]:
            self._store.delete(self._layout.checkpoint_manifest(position))  # first: without it there is none
            self._store.delete(self._layout.checkpoint(position))


def _write(state: Mapping[str, Any], path: Path) -> None:
    """Serialise in memory first: of a disk that fills, torch's own writer says nothing that helps.

    Raises:
        StoreError: The temporary file cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    try:
        path.write_bytes(buffer.getbuffer())
    except OSError as error:
        raise StoreError(
            f"cannot write a checkpoint of {buffer.tell()} bytes: {error.strerror}",
            where=path.parent,
            fix="make room there, or point TMPDIR at a larger disk",
        ) from None


class _DamagedError(Exception):
    pass


def weights_sha256(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes: equal exactly if the weights are, bit for bit."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
