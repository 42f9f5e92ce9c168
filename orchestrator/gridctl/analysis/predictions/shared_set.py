"""Of which set of an experiment somebody's masks are, and whether they were scored as its runs were."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from gridctl.analysis.predictions.prediction_set import PredictionSet
from gridctl.errors import InputError, Problem
from gridctl.experiment import Experiment
from gridctl.experiment.scores.measures import Measure
from gridctl_trainer.contract.score_name import VALIDATION
from gridctl_trainer.contract.wording import count

_OF_CASE: Final = ["patient", "time_point", "structure"]
_TRUE_VOLUME: Final = "true_volume_ml"
_NAMED: Final = 3
_RELATIVE: Final = 1e-6
"""Volumes that differ by less are equal up to rounding."""


def set_of(found: PredictionSet, cases: pd.DataFrame, sets: Collection[str]) -> str:
    """The set whose patients the masks are of.

    Args:
        found: The masks.
        cases: Of the runs.
        sets: Those that were asked for by a metric; none for any. Then `validation` is taken only where no other set
            has these patients.

    Raises:
        InputError: No set has these patients, or several have.
    """
    patients = set(found.cases["patient"])
    of_sets = {str(name): set(rows["patient"].astype(str)) for name, rows in cases.groupby("set", observed=True)}
    wanted = {name: own for name, own in of_sets.items() if not sets or name in sets}
    shared = [name for name, own in wanted.items() if own & patients]
    if not sets and len(shared) > 1:
        shared = [name for name in shared if name != VALIDATION]
    if len(shared) == 1:
        return shared[0]
    if shared:
        raise InputError(
            f"patients of {' and '.join(shared)} are in it, and masks are compared on one set",
            where=found.where,
            fix=f"name the score: --metric {shared[0]}.dice",
        )
    if not wanted:
        raise InputError(
            "no run has scores of cases that it could be compared with" + (f" on {', '.join(sets)}" if sets else ""),
            where=found.where,
            fix="train with a version of gridctl that scores cases, and wait until runs are finished: gridctl status",
        )
    of_runs = sorted({patient for own in wanted.values() for patient in own})
    raise InputError(
        f"no patient is on both sides: it has {_some(sorted(patients))}, and the runs scored {_some(of_runs)} "
        f"({', '.join(wanted)})",
        where=found.where,
        fix="score masks of these patients under the same ids: gridctl score --dataset NAME, or --pattern "
        "'(?P<patient>...)_(?P<time_point>ED|ES)'",
    )


def require_scored_alike(
    found: PredictionSet, of_runs: pd.DataFrame, measures: Sequence[Measure], experiment: Experiment
) -> None:
    """Refuse masks whose scores cannot be set beside those of the runs.

    Args:
        found: The masks.
        of_runs: Cases of the runs on the shared set.
        measures: Scores that are compared.
        experiment: Its runs.

    Raises:
        InputError: Metrics have other options, cases have another truth, or a run that predicted was trained on some of
            these patients.
    """
    problems = [
        *_other_metrics(found, measures),
        *_other_truth(found, of_runs),
        *_trained_on(found, of_runs, experiment),
    ]
    if problems:
        raise InputError(problems)


def _other_metrics(found: PredictionSet, measures: Sequence[Measure]) -> Iterator[Problem]:
    for measure in {measure.metric: measure for measure in measures}.values():
        info = found.header.metrics.get(measure.metric)
        if info is None:
            continue
        theirs = (info.label, info.unit, info.level, info.higher_is_better, info.low, info.high, info.definition)
        ours = (measure.metric_label, measure.unit, measure.level, measure.higher_is_better, measure.low, measure.high)
        if theirs[:-1] == ours and info.definition == measure.definition:
            continue
        said, own = (
            f"{label}, {text}".rstrip(", ") for label, text in _described(measure, info.label, info.definition)
        )
        yield Problem(
            f"{measure.metric} is another metric there ({said}) than in the runs ({own})",
            found.where,
            "score the masks with the version of gridctl, and of the metric's package, that trained the runs",
        )


def _described(measure: Measure, label: str, definition: str) -> list[tuple[str, str]]:
    return [(label, definition), (measure.metric_label, measure.definition)]


def _other_truth(found: PredictionSet, of_runs: pd.DataFrame) -> Iterator[Problem]:
    """Cases whose truth has another number of voxels, of slices, or another volume in ml."""
    ours, theirs = _truth(of_runs), _truth(found.cases)
    both = ours.merge(theirs, on=_OF_CASE, suffixes=("_runs", "_file"))
    other = np.zeros(len(both), dtype=bool)
    for name in ("voxels", "slices", "volume"):
        a, b = both[f"{name}_runs"].to_numpy(float), both[f"{name}_file"].to_numpy(float)
        other |= np.isfinite(a) & np.isfinite(b) & ~np.isclose(a, b, rtol=_RELATIVE, atol=0)
    if not other.any():
        return
    first = both[other].iloc[0]
    case = " ".join(str(first[name]).replace("_", " ") for name in _OF_CASE if first[name])
    unit = "voxels" if first["voxels_runs"] != first["voxels_file"] else "slices"
    unit = unit if first[f"{unit}_runs"] != first[f"{unit}_file"] else "volume"
    sizes = [f"{first[f'{unit}_{side}']:g} {'ml' if unit == 'volume' else unit}" for side in ("file", "runs")]
    yield Problem(
        f"the truth of {count(int(other.sum()), 'mask')} is not the one that the runs were scored against, such as of "
        f"{case}: {sizes[0]}, and {sizes[1]} in the runs",
        found.where,
        "score the masks against the same label files, with the same --dataset or --labels",
    )


def _truth(cases: pd.DataFrame) -> pd.DataFrame:
    """What is known of the truth of each case and structure."""
    known = cases[cases["true_positive"].notna() & cases["false_negative"].notna()]
    known = known.assign(**{name: known[name].astype(str) for name in _OF_CASE})
    sizes = known.drop_duplicates(_OF_CASE).assign(voxels=lambda rows: rows["true_positive"] + rows["false_negative"])
    volumes = known[known["metric"].astype(str) == _TRUE_VOLUME].drop_duplicates(_OF_CASE)
    named = volumes[[*_OF_CASE, "value"]].rename(columns={"value": "volume"})
    return sizes[[*_OF_CASE, "voxels", "slices"]].merge(named, on=_OF_CASE, how="left")


def _trained_on(found: PredictionSet, of_runs: pd.DataFrame, experiment: Experiment) -> Iterator[Problem]:
    """Patients of the set that a predicting run was trained on.

    Runs of the experiment itself are never trained on its external and test sets: there an id that both have is of
    another data set.
    """
    sets = set(of_runs["set"].astype(str))
    own = {run.run_id for run in experiment.runs} if VALIDATION not in sets else set()
    patients = set(of_runs["patient"].astype(str))
    met = {
        patient: others
        for patient, runs in found.header.trained_on.items()
        if patient in patients and (others := [run for run in runs if run not in own])
    }
    if met:
        yield Problem(
            f"{count(len(met), 'patient')} trained on by a run that predicted these masks: {_runs_of(met)}. Scores of "
            "results on patients that a model was trained on say nothing about new patients",
            found.where,
            "leave these masks out of PREDICTIONS and score the others, or predict with runs that never saw them",
        )


def _runs_of(met: Mapping[str, Sequence[str]]) -> str:
    named = [f"{patient} by {', '.join(runs)}" for patient, runs in sorted(met.items())]
    return "; ".join(named[:_NAMED]) + (f"; and {len(named) - _NAMED} more" if len(named) > _NAMED else "")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
