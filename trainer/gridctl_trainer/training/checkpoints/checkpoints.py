"""Checkpoints: written whole, announced by a manifest, the newest valid one found again."""

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
    """The checkpoints of one run, as one attempt at it writes and reads them.

    Each attempt writes objects of its own, so that two of them alive at once cannot mix theirs;
    and it removes only what lies behind the checkpoint that it has just written itself.
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
        """Store a checkpoint, then its manifest, then drop those that need not stay.

        Args:
            position: Where training stands.
            state: Nested dicts and lists of tensors and plain values.
            data_digest: Of the data it was trained on.
            scores: Of the epoch just done; empty within one.

        Raises:
            StoreError: The store failed, or the local disk is full; older checkpoints are untouched.
        """
        buffer = io.BytesIO()  # not a file: of a disk that fills, torch's own writer says nothing that helps
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
        """The checkpoint at a position that this attempt wrote, or resumed from."""
        return max(name for name in self._whole if name.position == position)

    def is_best(self, scores: Scores) -> bool:
        """Whether an epoch with these scores is the best so far, and such are to be kept."""
        by = self._training.checkpoint_keep_best
        if by is None or by not in scores:
            return False
        now = Position(10**9)
        candidates = [*((name.position, known) for name, known in self._whole.items()), (now, scores)]
        return best(candidates, by, higher_is_better=self._higher_is_better) == now

    def best_epoch(self) -> tuple[int, Mapping[str, torch.Tensor]] | None:
        """The best epoch of those whose checkpoints are kept, and the weights after it.

        Returns:
            None where the best is not kept, or damaged: that is warned of.

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
            StoreError: It is gone, damaged, or the store failed.
            SpecError: It belongs to another specification, or is of another format.
        """
        key = self._layout.checkpoint(name)
        try:
            weights: Mapping[str, torch.Tensor] = self._load(key, self._manifest(name))["model"]
            return weights
        except (_DamagedError, DamagedObjectError, NotAnObjectError) as error:
            raise DamagedObjectError(
                f"the checkpoint is damaged: {str(error).splitlines()[0]}",
                where=f"{self._store.url}/{key}",
                fix="delete the run's result to have it finished again from an earlier one",
            ) from None

    def newest(self) -> tuple[CheckpointManifest, Mapping[str, Any]] | None:
        """The newest checkpoint that is whole; damaged ones are passed over with a warning.

        Raises:
            SpecError: It belongs to another specification, or is of another format.
            StoreError: The store failed.
        """
        for _ in range(_LISTINGS):
            names = self._names()
            found = self._newest_of(names)
            if found:
                self.last_saved = found[0].position
            if found or set(self._names()) == set(names):
                return found
            _log.info("checkpoints changed while they were read: they are listed again")  # another attempt lives
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
                _log.warning("%s was never announced: passed over", key)
            except (_DamagedError, DamagedObjectError, NotAnObjectError) as error:
                self._broken.add(name)
                _log.warning("%s is damaged (%s): passed over", key, str(error).splitlines()[0])
        return found

    def _manifest(self, name: CheckpointName) -> CheckpointManifest:
        key = self._layout.checkpoint_manifest(name)
        text = self._store.get(key, MAX_MANIFEST_BYTES).data
        try:
            content = read_json(text, MAX_MANIFEST_BYTES)
            version = content["schema_version"]
        except (ValueError, TypeError, KeyError):
            raise _DamagedError("its manifest is not one") from None
        if version != CHECKPOINT_SCHEMA_VERSION:
            raise SpecError(
                f"this checkpoint is of format {shortened(repr(version), 40)}, "
                f"this trainer reads {CHECKPOINT_SCHEMA_VERSION}",
                where=key,
                fix="finish the run with the trainer that began it, or delete its folder in the store to train it anew",
            )
        try:
            manifest = CheckpointManifest.model_validate(content)
        except ValidationError as error:
            raise _DamagedError(str(error)) from None
        if manifest.position != name.position:
            raise _DamagedError("its manifest is of another position")
        if manifest.spec_digest != self._spec_digest:
            raise SpecError(
                "this checkpoint belongs to another specification",
                where=key,
                fix="delete the run's folder in the store to train it anew",
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
            raise _DamagedError("it holds no state")
        return state

    def _names(self) -> list[CheckpointName]:
        """All there are, the newest first."""
        found = (checkpoint_of(stat.key) for stat in self._store.list(self._layout.checkpoints))
        return sorted((name for name in found if name), reverse=True)

    def _drop_behind(self, position: Position) -> None:
        """Of what this attempt knows of, and that lies behind what it has just written."""
        behind = {name: scores for name, scores in self._whole.items() if name.position <= position}
        scored = {name.position: scores for name, scores in sorted(behind.items())}
        stay = kept(scored, self._training, higher_is_better=self._higher_is_better)
        surplus = {name for name in behind if name.position not in stay}
        surplus |= {name for name in self._broken if name.position < position}
        for name in sorted(surplus):
            self._store.delete(self._layout.checkpoint_manifest(name))  # first: without it there is none
            self._store.delete(self._layout.checkpoint(name))
            self._whole.pop(name, None)
            self._broken.discard(name)


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
