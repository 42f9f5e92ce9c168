"""Which checkpoints of a run stay: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gridctl_trainer.contract.layout import Position
from gridctl_trainer.contract.records.metric_log import EpochRecord
from gridctl_trainer.contract.spec import CheckpointScore, TrainingSpec

Scores = Mapping[str, float]
"""Scores of an epoch by their names in `CheckpointScore`; empty for a checkpoint within an epoch."""


def scores_of(record: EpochRecord) -> Scores:
    """The scores by which an epoch can be the best."""
    scores = {
        "train_loss": record.train_loss,
        "validation_dice": record.validation.dice,
        "validation_bce": record.validation.bce,
    }
    if record.generalisation is not None:
        scores |= {
            "generalisation_dice": record.generalisation.dice,
            "generalisation_bce": record.generalisation.bce,
        }
    return scores


def best(checkpoints: Iterable[tuple[Position, Scores]], by: CheckpointScore) -> Position | None:
    """The position with the best score; of equal ones the earliest. None if none has the score."""
    scored = [(position, scores[by]) for position, scores in checkpoints if by in scores]
    sign = -1 if by.endswith("dice") else 1
    return min(scored, key=lambda item: (sign * item[1], item[0]))[0] if scored else None


def kept(checkpoints: Mapping[Position, Scores], training: TrainingSpec) -> set[Position]:
    """The positions whose checkpoints stay.

    Args:
        checkpoints: Those that are whole. The newest of them always stays.
        training: `checkpoint_keep_*`.
    """
    stay = set(sorted(checkpoints)[-training.checkpoint_keep_last :])
    every = training.checkpoint_keep_every_epochs
    if every is not None:
        stay |= {position for position in checkpoints if position.step == 0 and position.epoch % every == 0}
    if training.checkpoint_keep_best is not None:
        found = best(checkpoints.items(), training.checkpoint_keep_best)
        stay |= {found} if found else set()
    return stay
