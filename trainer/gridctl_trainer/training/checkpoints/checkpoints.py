"""Writes checkpoints with their manifests, and finds the newest valid one."""

from __future__ import annotations

import hashlib
import io
import logging
import pickle
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import torch
from pydantic import ValidationError

from gridctl_trainer.contract.errors import DamagedObjectError, NotAnObjectError, NotFoundError, SpecError, shortened
from gridctl_trainer.contract.json_text import read_json
from gridctl_trainer.contract.layout import AttemptName, CheckpointName, Position, RunLayout, checkpoint_of
from gridctl_trainer.contract.records.checkpoint_manifest import (
    CHECKPOINT_SCHEMA_VERSION,
    MAX_MANIFEST_BYTES,
    CheckpointManifest,
)
from gridctl_trainer.contract.score_name import TRAIN_LOSS, ScoreName
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.file_digest import sha256_of
from gridctl_trainer.plugins.metric import METRICS
from gridctl_trainer.storage.base import Store
from gridctl_trainer.training.checkpoints.retention import Scores, best, kept

_LISTINGS: Final = 5

_log = logging.getLogger(__name__)


class Checkpoints:
    """The checkpoints of one run, which one attempt writes and reads.

    Each attempt writes its own objects, so two attempts that run at the same time cannot mix theirs. It removes only
    checkpoints that are older than the one it has just written.
    """

    def __init__(self, store: Store, spec: RunSpec, attempt: AttemptName) -> None:
        self._store = store
        self._layout = RunLayout(spec.experiment, spec.run_id)
        self._training = spec.training
        self._spec_digest = spec.digest
        self._attempt = attempt
        self._whole: dict[CheckpointName, Scores] = {}
        self._broken: set[CheckpointName] = set()
        self.last_saved: Position | None = None

    @cached_property
    def _higher_is_better(self) -> bool:
        """Whether the best epoch is the one with the highest score."""
        by = self._training.checkpoint_keep_best
        return by not in (None, TRAIN_LOSS) and METRICS.find(ScoreName.parse(by or "").metric).higher_is_better

    def save(self, position: Position, state: Mapping[str, Any], data_digest: str, scores: Scores) -> None:
        """Store a checkpoint and its manifest, then drop the checkpoints that are not kept.

        Args:
            position: How far training has got.
            state: Nested dicts and lists of tensors and plain values.
            data_digest: Digest of the data that it was trained on.
            scores: Scores of the epoch that has just ended; empty within an epoch.

        Raises:
            StoreError: The store failed, or the local disk is full. Older checkpoints are untouched.
        """
        buffer = io.BytesIO()  # not a file, since torch's own writer gives no useful message if the disk is full
        torch.save(dict(state), buffer)
        content = buffer.getvalue()
        manifest = CheckpointManifest(
            spec_digest=self._spec_digest,
            data_digest=data_digest,
            epoch=position.epoch,
            step=position.step,
            scores=scores,
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
        )
        name = CheckpointName(position, self._attempt)
        self._store.put(self._layout.checkpoint(name), content)
        self._store.put(self._layout.checkpoint_manifest(name), manifest.to_json())
        self._whole[name] = scores
        self.last_saved = position
        self._drop_behind(position)

    def at_end(self, position: Position) -> CheckpointName:
        """The checkpoint at a position that this attempt has written or resumed from."""
        return max(name for name in self._whole if name.position == position)

    def is_best(self, scores: Scores) -> bool:
        """Whether the best epoch is to be kept, and an epoch with these scores is the best so far."""
        by = self._training.checkpoint_keep_best
        if by is None or by not in scores:
            return False
        now = Position(10**9)
        candidates = [*((name.position, known) for name, known in self._whole.items()), (now, scores)]
        return best(candidates, by, higher_is_better=self._higher_is_better) == now

    def best_epoch(self) -> tuple[int, Mapping[str, torch.Tensor]] | None:
        """The best epoch whose checkpoint is kept, and the weights after it.

        Returns:
            None if the best epoch is not kept, or, with a warning, if its checkpoint is damaged.

        Raises:
            StoreError: The store failed.
        """
        by = self._training.checkpoint_keep_best
        scored = {name: scores for name, scores in self._whole.items() if name.position.step == 0}
        at = (
            best(
                ((name.position, scores) for name, scores in scored.items()),
                by,
                higher_is_better=self._higher_is_better,
            )
            if by
            else None
        )
        if at is None:
            return None
        name = self.at_end(at)
        try:
            return at.epoch, self._load(self._layout.checkpoint(name), self._manifest(name))["model"]
        except (_DamagedError, DamagedObjectError, NotAnObjectError, NotFoundError) as error:
            key = self._layout.checkpoint(name)
            _log.warning("%s is damaged (%s): the best epoch is not scored", key, str(error).splitlines()[0])
            return None

    def weights_of(self, name: CheckpointName) -> Mapping[str, torch.Tensor]:
        """The weights in a checkpoint.

        Raises:
            StoreError: The checkpoint is gone or damaged, or the store failed.
            SpecError: The checkpoint belongs to another specification, or has another format.
        """
        key = self._layout.checkpoint(name)
        try:
            weights: Mapping[str, torch.Tensor] = self._load(key, self._manifest(name))["model"]
            return weights
        except (_DamagedError, DamagedObjectError, NotAnObjectError) as error:
            raise DamagedObjectError(
                f"the checkpoint is damaged: {str(error).splitlines()[0]}",
                where=f"{self._store.url}/{key}",
                fix="delete the run's result, and start the run again to finish it from an earlier checkpoint",
            ) from None

    def newest(self) -> tuple[CheckpointManifest, Mapping[str, Any]] | None:
        """The manifest and the state of the newest valid checkpoint. Damaged ones are skipped with a warning.

        Returns:
            None if there is no valid checkpoint.

        Raises:
            SpecError: A checkpoint belongs to another specification, or has another format.
            StoreError: The store failed.
        """
        for _ in range(_LISTINGS):
            names = self._names()
            found = self._newest_of(names)
            if found:
                self.last_saved = found[0].position
            if found or set(self._names()) == set(names):
                return found
            _log.info("checkpoints changed while they were read: they are listed again")  # by another attempt
        return None

    def _newest_of(self, names: list[CheckpointName]) -> tuple[CheckpointManifest, Mapping[str, Any]] | None:
        found = None
        self._whole, self._broken = {}, set()
        for name in names:
            key = self._layout.checkpoint(name)
            try:
                manifest = self._manifest(name)
                if found is None:
                    found = manifest, self._load(key, manifest)
                self._whole[name] = manifest.scores
            except NotFoundError:
                self._broken.add(name)
                _log.warning("%s has no manifest: skipped", key)
            except (_DamagedError, DamagedObjectError, NotAnObjectError) as error:
                self._broken.add(name)
                _log.warning("%s is damaged (%s): skipped", key, str(error).splitlines()[0])
        return found

    def _manifest(self, name: CheckpointName) -> CheckpointManifest:
        key = self._layout.checkpoint_manifest(name)
        text = self._store.get(key, MAX_MANIFEST_BYTES).data
        try:
            content = read_json(text, MAX_MANIFEST_BYTES)
            version = content["schema_version"]
        except (ValueError, TypeError, KeyError):
            raise _DamagedError("its manifest is not valid") from None
        if version != CHECKPOINT_SCHEMA_VERSION:
            raise SpecError(
                f"this checkpoint has format {shortened(repr(version), 40)}, "
                f"but this trainer reads format {CHECKPOINT_SCHEMA_VERSION}",
                where=key,
                fix="finish the run with the trainer that started it, or delete its folder in the store to train it "
                "from scratch",
            )
        try:
            manifest = CheckpointManifest.model_validate(content)
        except ValidationError as error:
            raise _DamagedError(str(error)) from None
        if manifest.position != name.position:
            raise _DamagedError("its manifest names another position")
        if manifest.spec_digest != self._spec_digest:
            raise SpecError(
                "this checkpoint belongs to another specification",
                where=key,
                fix="delete the run's folder in the store to train it from scratch",
            )
        return manifest

    def _load(self, key: str, manifest: CheckpointManifest) -> Mapping[str, Any]:
        with tempfile.TemporaryDirectory(prefix="gridctl-") as folder:
            path = Path(folder, "checkpoint.pt")
            self._store.get_file(key, path)
            if path.stat().st_size != manifest.size_bytes or sha256_of(path) != manifest.sha256:
                raise _DamagedError("its content is not what was written")
            try:
                state = torch.load(path, map_location="cpu", weights_only=True)
            except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
                raise _DamagedError(str(error)) from None
        if not isinstance(state, dict):
            raise _DamagedError("it does not contain a state")
        return state

    def _names(self) -> list[CheckpointName]:
        """All checkpoints of the run, the newest first."""
        found = (checkpoint_of(stat.key) for stat in self._store.list(self._layout.checkpoints))
        return sorted((name for name in found if name), reverse=True)

    def _drop_behind(self, position: Position) -> None:
        """Delete what need not be kept, of the known checkpoints up to the position that was just written."""
        behind = {name: scores for name, scores in self._whole.items() if name.position <= position}
        scored = {name.position: scores for name, scores in sorted(behind.items())}
        stay = kept(scored, self._training, higher_is_better=self._higher_is_better)
        surplus = {name for name in behind if name.position not in stay}
        surplus |= {name for name in self._broken if name.position < position}
        for name in sorted(surplus):
            self._store.delete(self._layout.checkpoint_manifest(name))  # first: it makes the checkpoint valid
            self._store.delete(self._layout.checkpoint(name))
            self._whole.pop(name, None)
            self._broken.discard(name)


class _DamagedError(Exception):
    pass


def weights_sha256(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over names, dtypes, shapes and bytes. It is equal exactly if the weights are equal bit for bit."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
