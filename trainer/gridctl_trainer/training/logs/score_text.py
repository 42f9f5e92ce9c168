"""Scores as text, for the log of an attempt and for progress."""

from __future__ import annotations

from collections.abc import Mapping

from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.metric_log import EpochRecord
from gridctl_trainer.contract.records.set_scores import SetScores
from gridctl_trainer.contract.score_name import ScoreName
from gridctl_trainer.contract.wording import count


def epoch_line(record: EpochRecord, epochs: int, metrics: Mapping[str, MetricInfo]) -> str:
    """One line about an epoch: `epoch 3/200: loss 0.1234, validation soft Dice 0.8123 BCE 0.1021, 12.3 s`.

    Args:
        record: Record of the epoch.
        epochs: Number of epochs of the run.
        metrics: Description of each metric, by name.
    """
    skipped = f" ({count(record.skipped_steps, 'step')} skipped)" if record.skipped_steps else ""
    scores = scores_text(record.sets, metrics) if record.sets else "not validated"
    return f"epoch {record.epoch}/{epochs}: loss {record.train_loss:.4f}{skipped}, {scores}, {record.seconds:.1f} s"


def scores_text(sets: Mapping[str, SetScores], metrics: Mapping[str, MetricInfo]) -> str:
    """The scores of all sets: `validation soft Dice 0.8123 BCE 0.1021, sunnybrook soft Dice 0.7012 BCE 0.2101`.

    Args:
        sets: Scores of each set, by name.
        metrics: Description of each metric, by name.
    """
    return ", ".join(f"{name} {_scores(found, metrics)}" for name, found in sets.items())


def _scores(found: SetScores, metrics: Mapping[str, MetricInfo]) -> str:
    names = {key: ScoreName.parse(f"set.{key}") for key in found.scores}
    several = len({name.structure for name in names.values() if name.structure}) > 1
    parts = []
    for key, value in found.scores.items():
        name = names[key]
        label = metrics[name.metric].label if name.metric in metrics else name.metric
        unit = f" {metrics[name.metric].unit}" if name.metric in metrics and metrics[name.metric].unit else ""
        of = f" of {name.structure.replace('_', ' ')}" if several and name.structure else ""
        parts.append(f"{label}{of} {value:.4f}{unit}")
    return " ".join(parts) or "no score is defined"
