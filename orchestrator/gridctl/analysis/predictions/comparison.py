"""Models, or masks, against masks that somebody else made: one test over patients per score and cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from gridctl.analysis.inference.cell_tests import paired_tests
from gridctl.analysis.model import Family
from gridctl.analysis.model.predictions import PredictionsRow
from gridctl.analysis.predictions.prediction_set import PredictionSet
from gridctl.analysis.predictions.scores import ComparedScores, compared_scores
from gridctl.analysis.predictions.sides import Side, paired_over_patients
from gridctl.analysis.predictions.wording import population, verdict
from gridctl.analysis.request import ReportRequest
from gridctl.analysis.scorecards.patient_scores import PatientScores, rows_of_score, said_of
from gridctl.analysis.statistics.multiplicity import benjamini_hochberg, holm, within_families
from gridctl.analysis.summaries import CellRuns
from gridctl.analysis.wording import LEVEL
from gridctl.errors import InputError
from gridctl.experiment import Experiment
from gridctl.experiment.schema import ComparisonSpec
from gridctl.experiment.scores.measures import Measure

_WORDS: Final = ("metric", "set", "structure", "checkpoint")
_FIELDS: Final = frozenset(PredictionsRow.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One comparison: a side of which there may be several cells, and masks."""

    model: str
    against: PredictionSet
    of: PredictionSet | None
    like: ComparisonSpec
    scores: ComparedScores


def compare_predictions(
    experiment: Experiment,
    cases: pd.DataFrame,
    cells: Sequence[CellRuns],
    request: ReportRequest,
    predictions: Mapping[str, PredictionSet],
) -> tuple[list[PredictionsRow], list[Family]]:
    """Test everything that `--against` asks for.

    Args:
        experiment: With what its runs say of metrics.
        cases: As `Collected.cases`.
        cells: Runs of each model and cell.
        request: Which sides are compared.
        predictions: By name, the masks that it names.

    Raises:
        InputError: Masks cannot be set beside the runs: no shared patient, other metrics, another truth, or patients
            that a predicting run was trained on.
    """
    rows: list[PredictionsRow] = []
    for asked in _asked(experiment, cases, request, predictions):
        found: list[PredictionsRow] = []
        for name, secondary in asked.scores.names.items():
            measure = experiment.measures[name]
            found += _rows(asked, measure, cases, cells, request, secondary=secondary)
        _require_patients(found, asked.against)
        rows += found
    return _corrected(rows)


def _require_patients(rows: Sequence[PredictionsRow], against: PredictionSet) -> None:
    """Refuse masks of which no score can be set beside one of the other side.

    Raises:
        InputError: Finished runs have scores of these patients, and none of them has one on both sides.
    """
    if any(row.patients for row in rows) or not any(row.networks for row in rows):
        return
    why = next(row.left_out_because for row in rows if row.networks)
    raise InputError(
        f"no patient has a score on both sides: {why}",
        where=against.where,
        fix="score every time point of these patients, named as in the runs (ED, ES): gridctl score --dataset NAME, or "
        "--pattern '(?P<patient>...)_(?P<time_point>ED|ES)'",
    )


def compared_sets(
    experiment: Experiment, cases: pd.DataFrame, request: ReportRequest, predictions: Mapping[str, PredictionSet]
) -> set[str]:
    """The sets of whose patients scores are compared with masks; raises what `compare_predictions` does."""
    return {asked.scores.set for asked in _asked(experiment, cases, request, predictions)}


def _asked(
    experiment: Experiment, cases: pd.DataFrame, request: ReportRequest, predictions: Mapping[str, PredictionSet]
) -> Iterator[_Asked]:
    of_interest = list(dict.fromkeys(item.model for item in experiment.compare)) or list(experiment.models)
    for side in request.of or of_interest:
        name = side if isinstance(side, str) else side.name
        for file in request.against:
            like = next((item for item in experiment.compare if item.model == name), None)
            like = like or next(iter(experiment.compare), ComparisonSpec(model="none", against="none"))
            of, against = predictions.get(name), predictions[file.name]
            scores = compared_scores(experiment, cases, request, like, against, of)
            yield _Asked(name, against, of, like, scores)


def _rows(
    asked: _Asked,
    measure: Measure,
    cases: pd.DataFrame,
    cells: Sequence[CellRuns],
    request: ReportRequest,
    *,
    secondary: bool,
) -> Iterator[PredictionsRow]:
    """A row of each cell; of two sets of masks one."""
    checkpoint, masks = asked.scores.checkpoint, [item for item in (asked.against, asked.of) if item]
    of_masks = [item.as_run(measure.set, checkpoint, cases) for item in masks]
    tables = [rows_of_score(cases, measure, checkpoint), *of_masks]
    joined = pd.concat(tables, ignore_index=True).astype(dict.fromkeys(_WORDS, "category"))
    scores = PatientScores.of(joined, measure, checkpoint)
    against = Side.of(asked.against.name, scores, [asked.against.key])
    own = [cell for cell in cells if cell.model == asked.model]
    for cell in own if asked.of is None else [None]:
        finished = [run for run in cell.finished if run in scores.of_run] if cell else [masks[-1].key]
        model = Side.of(asked.model, scores, finished)
        pair = paired_over_patients(model, against)
        fields: Mapping[str, Any] = {}
        if len(pair.patients):
            better, seed = measure.higher_is_better, request.seed
            fields = paired_tests(pair.model, pair.against, higher_is_better=better, unit="run", margin=None, seed=seed)
        row = PredictionsRow(
            metric=measure.name,
            label=measure.label,
            higher_is_better=measure.higher_is_better,
            set=measure.set,
            train_ratio=cell.train_ratio if cell else None,
            ablation=cell.ablation if cell else "none",
            model=asked.model,
            against=asked.against.name,
            networks=len(finished),
            **{name: value for name, value in fields.items() if name in _FIELDS},
            patients=len(pair.patients),
            patients_left_out=len(pair.left_out),
            left_out_because=said_of(pair.left_out),
            unfinished=cell.unfinished if cell else 0,
            runs_left_out=len(cell.finished) - len(finished) if cell else 0,
            secondary=secondary,
            family=_family(asked.like, asked.model, asked.against.name, measure.label, secondary=secondary),
        )
        yield replace(row, population=population(row))


def _family(like: ComparisonSpec, model: str, against: str, label: str, *, secondary: bool) -> str:
    """What is corrected together, as `compare.family` says: never with tests that the experiment declares."""
    beside = ", secondary" if secondary else ""
    if like.family == "experiment":
        return f"all tests against masks{beside}"
    name = f"{model} against {against}"
    return f"{name}{beside}" if like.family == "comparison" else f"{name}, {label}"


def _corrected(rows: Sequence[PredictionsRow]) -> tuple[list[PredictionsRow], list[Family]]:
    names = [[row.family for row in rows]]
    p_values = [[row.p for row in rows]]
    after, by_bh = (within_families(correct, p_values, names)[0] for correct in (holm, benjamini_hochberg))
    sizes = {name: names[0].count(name) for name in names[0]}
    told = []
    for row, p_holm, p_bh in zip(rows, after, by_bh, strict=True):
        corrected = replace(row, p_holm=p_holm, p_bh=p_bh, family_size=sizes[row.family])
        told.append(replace(corrected, verdict=verdict(corrected)))
    beside = {row.family for row in rows if row.secondary}
    return told, [Family(name, size, "--against", LEVEL, secondary=name in beside) for name, size in sizes.items()]
