"""A score of cases, patient by patient: a run's score is their mean, and tests over patients use them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridctl.experiment.scores.measures import Measure

_COLUMNS: Final = {"value": "float64", "time_points": "int64", "reason": "object"}


def patient_scores(cases: pd.DataFrame, measure: Measure, checkpoint: str = "final") -> pd.DataFrame:
    """One score per run and patient: the mean over the patient's time points, and over the structures that are pooled.

    A patient with a missing time point, or one without a defined value, has no score: a mean over the others would be
    over other images than every other patient's. So it is with one of several structures.

    Args:
        cases: As `Collected.cases`.
        measure: A score of cases or of patients.
        checkpoint: `final` or `best`.

    Returns:
        Indexed by run_id and patient, with a row for every patient that was in the run's set: `value`, NaN if the
        patient is left out; `time_points`, how many records it is of; `reason`, why the patient is left out, else
        empty. `.value.unstack()` is the matrix of runs by patients.
    """
    chosen = rows_of_score(cases, measure, checkpoint)
    if chosen.empty:
        index = pd.MultiIndex.from_arrays([[], []], names=["run_id", "patient"])
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _COLUMNS.items()}).set_index(index)
    runs, run_ids = _sorted_codes(chosen["run_id"])
    patients, names = _sorted_codes(chosen["patient"])
    images, expected = _images(chosen, measure)
    places, at = np.unique(runs * len(names) + patients, return_inverse=True)
    count = np.bincount(at)
    total = np.bincount(at, weights=chosen["value"].to_numpy())  # NaN where one is
    value = np.where(count == len(expected), total / count, np.nan)
    reason = np.full(len(places), "", dtype=object)
    undefined = chosen["undefined"].astype(str).to_numpy()
    for row in np.flatnonzero(undefined != "")[::-1]:  # the first one is reported
        of = f" ({_words(str(chosen['structure'].iat[row]))})" if measure.is_pooled else ""
        reason[at[row]] = f"{undefined[row]}{of}"
    there = np.zeros((len(places), len(expected)), dtype=bool)
    there[at, images] = True
    for row in np.flatnonzero(~there.all(axis=1)):
        reason[row] = _lacking([image for image, is_there in zip(expected, there[row], strict=True) if not is_there])
    reason[np.isnan(value) & (reason == "")] = "no number"
    index = pd.MultiIndex.from_arrays(
        [run_ids[places // len(names)], names[places % len(names)]], names=["run_id", "patient"]
    )
    return pd.DataFrame({"value": value, "time_points": count, "reason": reason}, index=index)


def _sorted_codes(column: pd.Series[Any]) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """For each row the place of its text among all texts that occur, sorted; and these."""
    codes, names = pd.factorize(column)
    texts = np.array([str(name) for name in names], dtype=object)
    order = np.argsort(texts)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place[codes], texts[order]


def _images(rows: pd.DataFrame, measure: Measure) -> tuple[NDArray[np.int64], Sequence[tuple[str, str]]]:
    """What a patient's score is a mean of: for each row the place of its image; and all (structure, time point)."""
    times, named = pd.factorize(rows["time_point"])
    time_points = [str(name) for name in named]
    if not measure.is_pooled:
        return times, [("", time) for time in time_points]
    places = {name: place for place, name in enumerate(measure.structures)}
    structures = rows["structure"].astype(str).map(places).to_numpy(dtype=np.int64)
    expected = [(structure, time) for structure in places for time in time_points]
    return structures * len(time_points) + times, expected


def _lacking(images: Sequence[tuple[str, str]]) -> str:
    """`no ES`, `no right ventricle (ED) and no right ventricle (ES)`."""
    return " and ".join(f"no {_words(structure)} ({time})" if structure else f"no {time}" for structure, time in images)


def _words(structure: str) -> str:
    return structure.replace("_", " ")


def rows_of_score(cases: pd.DataFrame, measure: Measure, checkpoint: str) -> pd.DataFrame:
    """The rows of one score at one checkpoint."""
    wanted = {
        "metric": (measure.metric,),
        "set": (measure.set,),
        "structure": measure.structures,
        "checkpoint": (checkpoint,),
    }
    chosen = np.ones(len(cases), dtype=bool)
    for column, names in wanted.items():
        words = cases[column].cat
        codes = [code for code, word in enumerate(words.categories) if word in names]
        chosen &= np.isin(words.codes.to_numpy(), codes)
    return cases[chosen]


@dataclass(frozen=True, slots=True)
class PairOfPatients:
    """Two runs on the patients that both have a score for.

    Attributes:
        patients: Their ids.
        model, against: Scores of both, in that order.
        left_out: Patients that are left out for both, each with the reason.
    """

    patients: Sequence[str]
    model: NDArray[np.float64]
    against: NDArray[np.float64]
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PatientScores:
    """One score of many runs, patient by patient.

    Attributes:
        of_run: By run id, the sorted ids of patients and their scores: NaN for patients who are left out.
        reasons: By run id and patient, the reason.
        known: Pairs of runs that were looked up already.
    """

    of_run: Mapping[str, tuple[NDArray[np.object_], NDArray[np.float64]]]
    reasons: Mapping[str, Mapping[str, str]]
    known: dict[tuple[str, str], PairOfPatients] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, cases: pd.DataFrame, measure: Measure, checkpoint: str) -> PatientScores:
        """See `patient_scores`."""
        table = patient_scores(cases, measure, checkpoint)
        runs = table.index.get_level_values("run_id").to_numpy()
        patients = table.index.get_level_values("patient").to_numpy(dtype=object)
        starts = np.flatnonzero(np.r_[True, runs[1:] != runs[:-1]]) if len(runs) else np.array([], dtype=int)
        values, said = table["value"].to_numpy(), table["reason"].to_numpy()
        of_run = {}
        reasons: dict[str, dict[str, str]] = {str(runs[start]): {} for start in starts}
        for start, end in zip(starts, [*starts[1:], len(runs)], strict=False):
            of_run[str(runs[start])] = (patients[start:end], values[start:end])
        for row in np.flatnonzero(np.isnan(values)):
            reasons[str(runs[row])][str(patients[row])] = str(said[row])
        return cls(of_run, reasons)

    def mean(self, run: str) -> float | None:
        """A run's score; None where no patient has one."""
        known = self.of_run[run][1] if run in self.of_run else np.array([])
        known = known[~np.isnan(known)]
        return float(known.mean()) if len(known) else None

    def scores_of(self, run: str) -> dict[str, float]:
        """By patient, the scores that a run has; nobody who is left out."""
        names, values = self.of_run.get(run, ((), ()))
        return {str(name): float(value) for name, value in zip(names, values, strict=True) if not np.isnan(value)}

    def pair(self, model: str, against: str) -> PairOfPatients:
        """Two runs on the patients that both have a score for; the others are left out for both."""
        found = self.known.get((model, against))
        if found is None:
            found = self.known[model, against] = self._paired(model, against)
        return found

    def _paired(self, model: str, against: str) -> PairOfPatients:
        nobody = (np.array([], dtype=object), np.array([]))
        (names_a, a), (names_b, b) = (self.of_run.get(run, nobody) for run in (model, against))
        both = names_a
        left_out = {**self.reasons.get(against, {}), **self.reasons.get(model, {})}
        if len(names_a) != len(names_b) or (names_a != names_b).any():
            both, at_a, at_b = np.intersect1d(names_a, names_b, return_indices=True)
            a, b = a[at_a], b[at_b]
            one_side = set(map(str, names_a)) ^ set(map(str, names_b))
            left_out |= dict.fromkeys(sorted(one_side - left_out.keys()), "scored for one model only")
        known = ~(np.isnan(a) | np.isnan(b))
        return PairOfPatients([str(name) for name in both[known]], a[known], b[known], left_out)


def said_of(left_out: Mapping[str, str]) -> str:
    """`no ES (2), both empty (1)`: why patients are left out, and how many."""
    return ", ".join(f"{reason} ({count})" for reason, count in Counter(left_out.values()).most_common())
