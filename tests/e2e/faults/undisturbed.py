"""Determines the result of a run on this machine without faults."""

from __future__ import annotations

from pathlib import Path

from gridctl_trainer.contract.layout import AttemptName, CheckpointName, Position, RunLayout
from gridctl_trainer.contract.records.attempt_log import merge
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from gridctl_trainer.training.checkpoints.checkpoints import Checkpoints, weights_sha256
from tests.e2e.faults.child import start
from tests.e2e.faults.promises import Undisturbed, logs_of


def undisturbed_run(run: RunSpec, folder: Path) -> Undisturbed:
    """Train the run and keep the checkpoint of every epoch."""
    every = run.training.model_copy(update={"checkpoint_every_epochs": 1, "checkpoint_keep_every_epochs": 1})
    spec = run.model_copy(update={"training": every})
    store, layout = FolderStore(folder), RunLayout(run.experiment, run.run_id)
    store.put(layout.spec, spec.to_json())
    trainer = start(f"{folder}/{layout.spec}", folder / "output.txt")
    assert trainer.wait() == 0, trainer.said
    (log,) = logs_of(store, spec)
    reader = Checkpoints(store, spec, AttemptName(9999, "looking"))
    weights = []
    for epoch in range(1, run.training.epochs + 1):
        name = CheckpointName(Position(epoch), log.name)
        state = reader._load(layout.checkpoint(name), reader._manifest(name))
        weights.append(weights_sha256(state["model"]))
    return Undisturbed(tuple(record.scores for _, record in merge([log])), tuple(weights))
