"""A run that goes on from the checkpoints of one that differs only in its number of epochs.

Each epoch takes its randomness from the seed and its number, and a checkpoint holds optimizer and generators: so where
the learning rate of a step does not depend on their number, epoch 10 of a run of 20 epochs is, bit for bit, epoch
10 of a run of 40.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gridctl.errors import InputError
from gridctl_trainer.contract.errors import NotFoundError
from gridctl_trainer.contract.layout import CheckpointName, RunLayout, attempt_of, checkpoint_of
from gridctl_trainer.contract.records.attempt_log import AttemptLog, copied_log, merge, read_attempt
from gridctl_trainer.contract.records.checkpoint_manifest import (
    CHECKPOINT_SCHEMA_VERSION,
    MAX_MANIFEST_BYTES,
    CheckpointManifest,
)
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store

_MAX_LOG_BYTES = 512 << 20


@dataclass(frozen=True, slots=True)
class Reuse:
    """What a new run can go on from.

    Attributes:
        old: The specification of the run that has it.
        checkpoint: Its newest checkpoint that the new run would have had as well.
    """

    old: RunSpec
    checkpoint: CheckpointName

    @property
    def run_id(self) -> str:
        """The run that has it."""
        return self.old.run_id

    @property
    def epochs(self) -> int:
        """How many epochs need not be trained again."""
        return self.checkpoint.position.epoch


def reusable(store: Store, new: RunSpec, old: RunSpec, keys: Sequence[str]) -> Reuse | None:
    """What a new run can take over from a stored one; None if nothing, or if the result would differ.

    Args:
        store: Where they are.
        new: The run wanted.
        old: The run stored.
        keys: Of all its objects.
    """
    if old.schema_version != new.schema_version or new.training.schedule.depends_on_epochs:
        return None
    training = old.training.model_copy(update={"epochs": new.training.epochs})
    if old.model_copy(update={"training": training}).digest != new.digest:
        return None
    there, layout = set(keys), RunLayout(old.experiment, old.run_id)
    names = sorted(filter(None, map(checkpoint_of, keys)), reverse=True)
    for name in names:
        position = name.position
        fits = position.epoch < new.training.epochs or (
            position.epoch == new.training.epochs and not position.step and _validated(old, position.epoch)
        )
        if fits and position.epoch and layout.checkpoint_manifest(name) in there:
            return Reuse(old, name)
    return None


def _validated(run: RunSpec, epoch: int) -> bool:
    """Whether an epoch has scores, which a run that ends there needs."""
    return epoch % run.training.validate_every_epochs == 0 or epoch == run.training.epochs


def begin_from(store: Store, new: RunSpec, reuse: Reuse) -> None:
    """Copy to a run the logs and the checkpoint that it goes on from.

    If this is interrupted, the run trains what is missing: a log without its checkpoint is superseded by that of the
    next attempt, and a checkpoint counts once its manifest is there, which is written last.

    Raises:
        InputError: What it should go on from is damaged, or gone.
        StoreError: The store failed; calling again completes it.
    """
    before = RunLayout(reuse.old.experiment, reuse.old.run_id)
    after = RunLayout(new.experiment, new.run_id)
    try:
        manifest = _manifest(store, before.checkpoint_manifest(reuse.checkpoint))
        logs = [read_attempt(store.get(key, _MAX_LOG_BYTES).data, key) for key in _log_keys(store, before)]
        _require_epochs(logs, reuse, before)
    except NotFoundError as error:
        raise InputError("it was deleted in the meantime", where=error.problems[0].where, fix="submit again") from None
    for log in logs:
        store.put(after.attempt(log.name), copied_log(log, new.run_id, reuse.epochs).encode())
    with tempfile.TemporaryDirectory(prefix="gridctl-") as folder:
        path = Path(folder, "checkpoint.pt")
        store.get_file(before.checkpoint(reuse.checkpoint), path)
        store.put_file(after.checkpoint(reuse.checkpoint), path)
    of_new = manifest.model_copy(update={"spec_digest": new.digest})
    store.put(after.checkpoint_manifest(reuse.checkpoint), of_new.to_json())


def _manifest(store: Store, key: str) -> CheckpointManifest:
    data = store.get(key, MAX_MANIFEST_BYTES).data
    try:
        return CheckpointManifest.model_validate_json(data)
    except ValueError:
        raise InputError(
            f"this is not the manifest of a checkpoint of format {CHECKPOINT_SCHEMA_VERSION}",
            where=f"{store.url}/{key}",
            fix="submit without --reuse-epochs, which trains from the start",
        ) from None


def _log_keys(store: Store, layout: RunLayout) -> Iterable[str]:
    return [stat.key for stat in store.list(layout.attempts) if attempt_of(stat.key)]


def _require_epochs(logs: Sequence[AttemptLog], reuse: Reuse, layout: RunLayout) -> None:
    there = {record.epoch for _, record in merge(logs)}
    lacking = set(range(1, reuse.epochs + 1)) - there
    if lacking:
        raise InputError(
            f"the metric log lacks epoch {min(lacking)}",
            where=layout.attempts,
            fix="submit without --reuse-epochs, which trains from the start",
        )
