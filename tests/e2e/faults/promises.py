"""Checks what must hold for a run's store after every fault and at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gridctl_trainer.contract.layout import AttemptName, RunLayout, attempt_of
from gridctl_trainer.contract.records.attempt_log import AttemptLog, merge, read_attempt
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store
from gridctl_trainer.training.checkpoints.checkpoints import Checkpoints, weights_sha256


@dataclass(frozen=True)
class Undisturbed:
    """The result of a run without faults.

    Attributes:
        scores: Scores of each epoch.
        weights: SHA-256 of the weights after each epoch.
    """

    scores: tuple[dict[str, Any], ...]
    weights: tuple[str, ...]


def logs_of(store: Store, run: RunSpec) -> list[AttemptLog]:
    layout = RunLayout(run.experiment, run.run_id)
    keys = [stat.key for stat in store.list(layout.attempts) if attempt_of(stat.key)]
    return [read_attempt(data, key) for key in keys if (data := store.get(key).data)]


def assert_promises(store: Store, run: RunSpec, undisturbed: Undisturbed) -> int:
    """Check that log and checkpoint are right so far, and that the checkpoint is at most one interval behind.

    The log must have no gaps and no repetitions.

    Returns:
        Number of epochs in the log.
    """
    logs = logs_of(store, run)
    for log in logs:
        epochs = [record.epoch for record in log.epochs]
        assert epochs == sorted(set(epochs)), f"an epoch twice in attempt {log.name}: {epochs}"
    merged = [record for _, record in merge(logs)]
    assert [record.epoch for record in merged] == list(range(1, len(merged) + 1)), "the log has a gap"
    assert [record.scores for record in merged] == list(undisturbed.scores[: len(merged)])
    found = Checkpoints(store, run, AttemptName(9999, "looking")).newest()
    position = found[0].position if found else None
    epoch = position.epoch if position else 0
    assert epoch <= len(merged), "a checkpoint is ahead of the log"
    assert len(merged) - epoch <= run.training.checkpoint_every_epochs, "more than an interval is lost"
    if found and position and position.epoch and position.step == 0:
        assert weights_sha256(found[1]["model"]) == undisturbed.weights[position.epoch - 1]
    layout = RunLayout(run.experiment, run.run_id)
    if store.exists(layout.result):
        result = ResultRecord.from_json(store.get(layout.result).data)
        assert len(merged) == run.training.epochs, "a half-trained run passes as finished"
        assert result.weights_sha256 == undisturbed.weights[-1]
        assert store.exists(result.checkpoint)
    return len(merged)


def assert_finished(store: Store, run: RunSpec, undisturbed: Undisturbed) -> None:
    assert assert_promises(store, run, undisturbed) == run.training.epochs
    assert store.exists(RunLayout(run.experiment, run.run_id).result), "no result"
