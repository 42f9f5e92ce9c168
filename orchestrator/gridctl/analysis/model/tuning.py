"""What each model chose among the ablations, as a report has it. Every name here is a key of the JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TunedModel:
    """What one model chose at one train ratio, in one fold, and what the choice cost.

    Attributes:
        set: On whose patients it chose.
        metric, label: The score by which it chose, mean over the structures that are compared.
        fold: None without folds.
        chosen: The ablation; empty where it has not chosen yet.
        mean, sd: Score of the chosen one's runs on that set: selected on these patients, so too high. None as `chosen`
            is empty; sd also below two runs.
        options: Ablations that train this model in different ways.
        runs, epochs: Of all ablations together, as declared.
        waiting: Of these runs, those that are not finished.
    """

    set: str
    metric: str
    label: str
    model: str
    train_ratio: float
    fold: int | None
    chosen: str
    mean: float | None
    sd: float | None
    options: int
    runs: int
    epochs: int
    waiting: int
