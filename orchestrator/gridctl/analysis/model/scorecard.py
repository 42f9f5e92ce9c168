"""The scorecard as a report has it: scores of cases beside published ones. Every name here is a key of the JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScorecardRow:
    """One metric of one structure, by one model in one cell of the grid.

    Attributes:
        set: `validation`, `test`, or the name of an external set.
        time_point: `ED`, `ES`; `patient` for metrics of all time points together.
        label, unit: Of the metric.
        runs: Runs with such cases.
        patients: Distinct patients of these runs.
        mean: Mean over runs of each run's mean over its cases; None where no case has a value.
        sd: Standard deviation over the cases of a run, mean over runs; None below two cases.
        median: Median over the cases of a run, mean over runs.
        undefined: Cases without a value, over all runs.
        one_empty: Cases in which either the prediction or the truth is empty, over all runs: their distances are the
            volume's diagonal.
    """

    set: str
    structure: str
    time_point: str
    metric: str
    label: str
    unit: str
    model: str
    train_ratio: float
    ablation: str
    runs: int
    patients: int
    mean: float | None
    sd: float | None
    median: float | None
    undefined: int
    one_empty: int


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """Scores that a paper prints, for the same data set.

    Attributes:
        method: As the paper names it.
        source: Where they are printed.
        of: The patients that they are for.
        set: Our set of the same data set, beside which they are shown.
        structure, time_point, metric: As in `ScorecardRow`.
        value: As printed, in the metric's unit.
        sd: As printed; None where nothing is.
    """

    method: str
    source: str
    of: str
    set: str
    structure: str
    time_point: str
    metric: str
    value: float
    sd: float | None = None


@dataclass(frozen=True, slots=True)
class Stratum:
    """One score of one model in one cell of the grid, for some of the patients.

    Attributes:
        by: What distinguishes these patients: `group`, `vendor`, `centre`, or `time_point`.
        stratum: The value that they share: `DCM`.
        metric: The score, `validation.dice.left_ventricle`.
        runs, patients: Runs with such patients, and distinct patients.
        mean, sd: As in `ScorecardRow`, over patients (over cases by time point).
        left_out: Patients without a score, over all runs.
    """

    by: str
    stratum: str
    metric: str
    label: str
    model: str
    train_ratio: float
    ablation: str
    runs: int
    patients: int
    mean: float | None
    sd: float | None
    left_out: int
