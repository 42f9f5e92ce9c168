"""How the epochs or patients of a run become its one score, or each epoch an observation of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridctl.analysis.scorecards.patient_scores import PairOfPatients, PatientScores
from gridctl.experiment.scores.measures import Measure, Measures, checkpoint_of_score, primary_measures


def run_scores(
    epochs: pd.DataFrame, metrics: Sequence[str], score: str, best_by: Sequence[Measure] = ()
) -> pd.DataFrame:
    """One score per run and metric.

    Args:
        epochs: As `Collected.epochs`, of the runs to score: each run's in order.
        metrics: Columns of it, such as `validation.soft_dice.left_ventricle`; none that only cases have.
        score: `final`: the last epoch's; `best`: that of the epoch that is best by `best_by`, whatever the metric;
            `mean`: over all epochs; `last-K`: the mean of the last K.
        best_by: Scores whose mean decides which epoch is the best, all of one metric.

    Returns:
        One row per run, indexed by `run_id`; one column per metric, NaN where the run has none.
    """
    by_run = epochs.groupby("run_id", sort=False)
    if score == "best":
        chosen = epochs.loc[_best_epochs(epochs, best_by)]
    elif score == "final":
        chosen = by_run.tail(1)
    elif score == "mean":
        chosen = epochs
    else:
        chosen = by_run.tail(int(score.removeprefix("last-")))
    return chosen.groupby("run_id", sort=False)[list(metrics)].mean()


def _best_epochs(epochs: pd.DataFrame, best_by: Sequence[Measure]) -> pd.Index:
    """The row of each run's best epoch; of equal ones the earliest. Runs that lack the score have none."""
    if not best_by:
        raise ValueError("nothing says which epoch is the best")
    mean = epochs[[measure.name for measure in best_by]].mean(axis=1, skipna=False).dropna()
    by_run = mean.groupby(epochs.loc[mean.index, "run_id"], sort=False)
    chosen: pd.Index = pd.Index(by_run.idxmax() if best_by[0].higher_is_better else by_run.idxmin())
    return chosen


@dataclass(frozen=True, slots=True)
class Scored:
    """The data of finished runs from which observations are made.

    Attributes:
        epochs: As `Collected.epochs`, each run's in order.
        cases: As `Collected.cases`.
        measures: What is known about each score.
        known: By metric and checkpoint, the scores of patients that were read already.
    """

    epochs: pd.DataFrame
    cases: pd.DataFrame
    measures: Measures
    known: dict[tuple[str, str], PatientScores] = field(default_factory=dict, compare=False, repr=False)

    def of_patients(self, metric: str, checkpoint: str) -> PatientScores:
        """Scores of cases, patient by patient; what was read once is remembered."""
        found = self.known.get((metric, checkpoint))
        if found is None:
            found = PatientScores.of(self.cases, self.measures[metric], checkpoint)
            self.known[metric, checkpoint] = found
        return found


@dataclass(frozen=True, slots=True)
class Observations:
    """Values of runs: one per run, or one per epoch.

    Attributes:
        of_run: By metric and run id, an array (observations,), finite.
        epoch_of: By metric and run id, the epoch of each; 0 for a run's one score.
        patients: By metric, if a run's score is a mean over its patients.
    """

    of_run: Mapping[str, Mapping[str, NDArray[np.float64]]]
    epoch_of: Mapping[str, Mapping[str, NDArray[np.int64]]]
    patients: Mapping[str, PatientScores] = field(default_factory=dict)

    @classmethod
    def of(cls, scored: Scored, metrics: Sequence[str], unit: str, score: str) -> Observations:
        """Observations of finished runs.

        Args:
            scored: The data of the runs.
            metrics: Scores by name. One of cases has no value where epochs are pooled or averaged.
            unit: `run` or `epoch`.
            score: How epochs become a run's score; see `run_scores`.
        """
        of_epochs = [metric for metric in metrics if metric in scored.epochs]
        found = _of_epochs(scored.epochs, of_epochs, unit, score, primary_measures(scored.measures))
        of_run, epoch_of = {**found.of_run}, {**found.epoch_of}
        checkpoint = checkpoint_of_score(score) if unit == "run" else None
        patients: dict[str, PatientScores] = {}
        for metric in metrics:
            if metric in of_run:
                continue
            of_run[metric], epoch_of[metric] = {}, {}
            if checkpoint is None or metric not in scored.measures:
                continue
            patients[metric] = scored.of_patients(metric, checkpoint)
            means = {run: patients[metric].mean(run) for run in patients[metric].of_run}
            of_run[metric] = {run: np.array([mean]) for run, mean in means.items() if mean is not None}
            epoch_of[metric] = {run: np.array([0]) for run in of_run[metric]}
        return cls(of_run, epoch_of, patients)

    def of_runs(self, metric: str, runs: Sequence[str]) -> NDArray[np.float64]:
        """All values of some runs, run by run."""
        known = self.of_run[metric]
        pieces = [known[run] for run in runs if run in known]
        return np.concatenate(pieces) if pieces else np.array([])

    def patients_of_pair(self, metric: str, first: str, second: str) -> PairOfPatients | None:
        """The patients behind two runs' scores; None if a score is not a mean over patients."""
        return self.patients[metric].pair(first, second) if metric in self.patients else None

    def of_pair(self, metric: str, first: str, second: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values of two runs at the epochs that both have, or their means over the patients that both have."""
        if metric in self.patients:
            pair = self.patients[metric].pair(first, second)
            return (pair.model.mean(keepdims=True), pair.against.mean(keepdims=True)) if len(pair.model) else _NOTHING
        never = np.array([], dtype=np.int64)
        a, b = (self.of_run[metric].get(run, _NOTHING[0]) for run in (first, second))
        when_a, when_b = (self.epoch_of[metric].get(run, never) for run in (first, second))
        if np.array_equal(when_a, when_b):
            return a, b
        _, at_a, at_b = np.intersect1d(when_a, when_b, return_indices=True)
        return a[at_a], b[at_b]


_NOTHING: Final[tuple[NDArray[np.float64], NDArray[np.float64]]] = (np.array([]), np.array([]))


def _of_epochs(
    epochs: pd.DataFrame, metrics: Sequence[str], unit: str, score: str, best_by: Sequence[Measure]
) -> Observations:
    if not metrics:
        return Observations({}, {})
    if unit == "run":
        table = run_scores(epochs, metrics, score, best_by).reset_index().assign(epoch=0)
    else:
        table = epochs[["run_id", "epoch", *metrics]]
    runs = table["run_id"].to_numpy()
    starts = np.flatnonzero(np.r_[True, runs[1:] != runs[:-1]]) if len(runs) else np.array([], dtype=int)
    names, numbers = [str(name) for name in runs[starts]], table["epoch"].to_numpy()
    of_run, epoch_of = {}, {}
    for metric in metrics:
        values = table[metric].to_numpy(dtype=float)
        finite = np.isfinite(values)
        pieces = zip(np.split(values, starts[1:]), np.split(finite, starts[1:]), strict=True)
        of_run[metric] = {name: piece[known] for name, (piece, known) in zip(names, pieces, strict=False)}
        when = zip(np.split(numbers, starts[1:]), np.split(finite, starts[1:]), strict=True)
        epoch_of[metric] = {name: piece[known] for name, (piece, known) in zip(names, when, strict=False)}
    return Observations(of_run, epoch_of)
