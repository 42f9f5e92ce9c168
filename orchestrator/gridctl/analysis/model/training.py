"""What was trained, as a report has it: whether models were treated alike. Every name here is a key of the JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """How one model was trained in one cell of the grid, over its finished runs.

    Attributes:
        runs: Finished runs.
        parameters: Number of trainable parameters; None where no log says.
        updates: Optimizer steps per run, mean over runs; None where no log says.
        settings: Settings of `training` that can change a result, by name: `batch_size`, `learning_rate`, ...
        patients, images: Numbers in each set, mean over runs.
        differs: Names of the fields in which the models of this cell differ.
    """

    model: str
    train_ratio: float
    ablation: str
    runs: int
    parameters: float | None = None
    updates: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    patients: Mapping[str, float] = field(default_factory=dict)
    images: Mapping[str, float] = field(default_factory=dict)
    differs: Sequence[str] = ()
