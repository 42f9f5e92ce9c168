"""The score of each running run, short enough for a bar or a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gridctl.experiment.scores.measures import measures_of, primary_measures
from gridctl_trainer.contract.spec import RunSpec


class ShownScores:
    """The first metric on validation after the latest epoch, mean over structures."""

    def __init__(self, runs: Sequence[RunSpec]) -> None:
        self._measures = primary_measures(measures_of(runs))
        self._latest: dict[str, float] = {}

    def note(self, run: RunSpec, event: Mapping[str, Any]) -> None:
        """Take an epoch's scores from the trainer's output."""
        scores = event["scores"]
        values = [scores[measure.name] for measure in self._measures if measure.name in scores]
        if values:
            self._latest[run.run_id] = sum(values) / len(values)

    def text(self, run: RunSpec) -> str:
        """`soft Dice 0.812`; empty before its first epoch."""
        if run.run_id not in self._latest:
            return ""
        return f"{self._measures[0].metric_label} {self._latest[run.run_id]:.3f}"
