"""How far seeds may be added: to declared seeds, to fewer, or to hours of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from gridctl.errors import InputError
from gridctl.experiment import Experiment
from gridctl_trainer.contract.spec import RunSpec

_HOUR: int = 3600


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent.

    Attributes:
        seeds: At most so many of the declared ones, the first.
        hours: Of training, all attempts of the grid's runs together; None for no limit.
    """

    seeds: int
    hours: float | None = None

    def why_spent(self, runs: pd.DataFrame, next_runs: Sequence[RunSpec] = ()) -> str:
        """Why no more may be trained for its hours; empty where it may.

        Args:
            runs: As `Collected.runs`, of the whole grid.
            next_runs: That are to be trained; what they take is expected from finished ones.
        """
        if self.hours is None:
            return ""
        spent = hours_spent(runs)
        if spent >= self.hours:
            return f"{spent:.2f} of {self.hours:g} hours of training are spent"
        finished = runs[runs["finished"]]
        if finished.empty or not next_runs:
            return ""
        done = set(finished["run_id"])
        expected = sum(_expected_seconds(run, finished) for run in next_runs if run.run_id not in done) / _HOUR
        if spent + expected > self.hours:
            return f"{spent:.2f} of {self.hours:g} hours of training are spent, and the next seeds take {expected:.2f}"
        return ""


def budget_of(experiment: Experiment, max_seeds: int | None, max_hours: float | None) -> Budget:
    """The budget, of what the file declares and the command line limits.

    Raises:
        InputError: It asks for more seeds than are declared, or for nothing.
    """
    declared = len(experiment.seeds)
    if max_seeds is not None and max_seeds > declared:
        raise InputError(
            f"{max_seeds} seeds, and {experiment.name} declares {declared}",
            where="--max-seeds",
            fix="declare more `seeds` in the file before the first look: added after it they were not planned",
        )
    if max_seeds is not None and max_seeds < 1:
        raise InputError(f"{max_seeds} seeds are none", where="--max-seeds", fix="give 1 or more")
    if max_hours is not None and not max_hours > 0:
        raise InputError(f"{max_hours:g} hours are none", where="--max-hours", fix="give more than 0")
    return Budget(declared if max_seeds is None else max_seeds, max_hours)


def hours_spent(runs: pd.DataFrame) -> float:
    """Of training, all attempts together, as their logs have it."""
    return float(runs["busy_seconds"].fillna(0).sum()) / _HOUR


def _expected_seconds(run: RunSpec, finished: pd.DataFrame) -> float:
    alike = finished[(finished["model"] == run.model) & (finished["train_ratio"] == run.train_ratio)]
    return float((finished if alike.empty else alike)["busy_seconds"].mean())
