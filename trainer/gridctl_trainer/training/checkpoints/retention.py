"""Decides which checkpoints of a run are kept, without side effects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gridctl_trainer.contract.layout import Position
from gridctl_trainer.contract.records.metric_log import EpochRecord
from gridctl_trainer.contract.score_name import TRAIN_LOSS
from gridctl_trainer.contract.spec import TrainingSpec

Scores = Mapping[str, float]
"""The scores of an epoch by name, including `train_loss`; empty for a checkpoint within an epoch."""


def scores_of(record: EpochRecord) -> Scores:
    """The scores that can select the best epoch."""
    return {TRAIN_LOSS: record.train_loss, **record.named_scores}


def best(checkpoints: Iterable[tuple[Position, Scores]], by: str, *, higher_is_better: bool) -> Position | None:
    """The position with the best score, the earliest if several are equal; None if no checkpoint has the score.

    Args:
        checkpoints: Positions and scores.
        by: Name of the score.
        higher_is_better: Whether the highest score is the best.
    """
    scored = [(position, scores[by]) for position, scores in checkpoints if by in scores]
    sign = -1 if higher_is_better else 1
    return min(scored, key=lambda item: (sign * item[1], item[0]))[0] if scored else None


def kept(checkpoints: Mapping[Position, Scores], training: TrainingSpec, *, higher_is_better: bool) -> set[Position]:
    """The positions whose checkpoints are kept.

    Args:
        checkpoints: The valid checkpoints. The newest is always kept.
        training: The settings `checkpoint_keep_*`.
        higher_is_better: Whether the best epoch is the one with the highest score.
    """
    stay = set(sorted(checkpoints)[-training.checkpoint_keep_last :])
    every = training.checkpoint_keep_every_epochs
    if every is not None:
        stay |= {position for position in checkpoints if position.step == 0 and position.epoch % every == 0}
    if training.checkpoint_keep_best is not None:
        found = best(checkpoints.items(), training.checkpoint_keep_best, higher_is_better=higher_is_better)
        stay |= {found} if found else set()
    return stay
