"""The scorecard: every metric of cases by model, cell of the grid, set, structure and time point."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridctl.analysis.model.scorecard import ScorecardRow, Stratum
from gridctl.analysis.scorecards.patient_scores import patient_scores, rows_of_score
from gridctl.analysis.summaries import CellRuns
from gridctl.experiment.scores.measures import Measure, Measures
from gridctl_trainer.contract.score_name import ScoreName

DISTANCES: Final = ("hd", "hd95", "assd")
"""Metrics that are the diagonal of the volume if one of the two masks is empty."""

STRATA: Final = ("group", "vendor", "centre")

_KEYS: Final = ["set", "structure", "time_point", "metric", "run_id"]


def scorecard(
    cases: pd.DataFrame, cells: Sequence[CellRuns], measures: Measures, sets: Collection[str], checkpoint: str
) -> list[ScorecardRow]:
    """All rows, by set, structure, metric and time point, then in the order of the grid.

    Args:
        cases: As `Collected.cases`.
        cells: The runs of each cell.
        measures: What is known of the scores.
        sets: The sets to show: the test set is among them only on request.
        checkpoint: `final` or `best`.
    """
    chosen = cases[(cases["checkpoint"] == checkpoint) & cases["set"].isin(list(sets))]
    if chosen.empty:
        return []
    of_run = _of_runs(chosen)
    of_run = of_run.assign(cell=_cell_numbers(of_run["run_id"], cells))
    of_run = of_run[of_run["cell"] >= 0]
    place = chosen[["set", "structure", "metric", "patient"]].assign(cell=_cell_numbers(chosen["run_id"], cells))
    distinct = place.drop_duplicates().groupby(["set", "structure", "metric", "cell"], observed=True).size()
    grouped = of_run.groupby(["set", "structure", "time_point", "metric", "cell"], observed=True, sort=False)
    table = grouped.agg(
        runs=("size", "size"),
        mean=("mean", "mean"),
        sd=("sd", "mean"),
        median=("median", "mean"),
        undefined=("undefined", "sum"),
        one_empty=("one_empty", "sum"),
    )
    rows = []
    for (set_name, structure, time_point, metric, number), row in zip(
        table.index, table.to_dict("records"), strict=True
    ):
        measure = measures.get(str(ScoreName(set_name, metric, structure)))
        if measure is None:
            continue
        cell = cells[number]
        rows.append(
            ScorecardRow(
                set=set_name,
                structure=structure,
                time_point=time_point,
                metric=metric,
                label=measure.metric_label,
                unit=measure.unit,
                model=cell.model,
                train_ratio=cell.train_ratio,
                ablation=cell.ablation,
                runs=int(row["runs"]),
                patients=int(distinct[set_name, structure, metric, number]),
                mean=_known(row["mean"]),
                sd=_known(row["sd"]),
                median=_known(row["median"]),
                undefined=int(row["undefined"]),
                one_empty=int(row["one_empty"]),
            )
        )
    return _ordered(rows, cells, measures)


def _cell_numbers(runs: pd.Series[Any], cells: Sequence[CellRuns]) -> NDArray[np.int64]:
    """For each row, the index of the cell of its run; -1 if it has none."""
    cell_of = {run: number for number, cell in enumerate(cells) for run in cell.finished}
    numbers = np.array([cell_of.get(str(run), -1) for run in runs.cat.categories], dtype=np.int64)
    found: NDArray[np.int64] = numbers[runs.cat.codes.to_numpy()]
    return found


def _of_runs(cases: pd.DataFrame) -> pd.DataFrame:
    """Mean, deviation, median and counts of each run's cases."""
    predicted = cases["true_positive"] + cases["false_positive"]
    true = cases["true_positive"] + cases["false_negative"]
    marked = cases[[*_KEYS, "value"]].assign(undefined=cases["value"].isna(), one_empty=(predicted == 0) != (true == 0))
    grouped = marked.groupby(_KEYS, observed=True, sort=False)
    return grouped.agg(
        size=("value", "size"),
        mean=("value", "mean"),
        sd=("value", "std"),
        median=("value", "median"),
        undefined=("undefined", "sum"),
        one_empty=("one_empty", "sum"),
    ).reset_index()


def _ordered(rows: Sequence[ScorecardRow], cells: Sequence[CellRuns], measures: Measures) -> list[ScorecardRow]:
    names = list(dict.fromkeys(measure.metric for measure in measures.values()))
    structures = list(dict.fromkeys(measure.structure for measure in measures.values()))
    places = {(cell.model, cell.train_ratio, cell.ablation): number for number, cell in enumerate(cells)}
    return sorted(
        rows,
        key=lambda row: (
            row.set != "validation",
            row.set,
            structures.index(row.structure),
            names.index(row.metric),
            row.time_point,
            places[row.model, row.train_ratio, row.ablation],
        ),
    )


def strata(
    cases: pd.DataFrame, cells: Sequence[CellRuns], compared: Sequence[Measure], checkpoint: str
) -> Iterator[Stratum]:
    """Each compared score of cases by group, vendor, centre and time point, if there are several values.

    Args:
        cases: As `Collected.cases`.
        cells: The runs of each cell.
        compared: Scores; those of slices are skipped.
        checkpoint: `final` or `best`.
    """
    for measure in compared:
        if measure.level == "slice" or cases.empty:
            continue
        rows = rows_of_score(cases, measure, checkpoint)
        if rows.empty:
            continue
        of_patient = patient_scores(cases, measure, checkpoint)["value"].reset_index()
        known = rows.drop_duplicates(["patient"])[["patient", *STRATA]].astype(str).set_index("patient")
        for by in STRATA:
            names = sorted(name for name in set(known[by]) if name)
            if len(names) > 1:
                yield from _strata_of(
                    measure, by, of_patient.assign(stratum=of_patient["patient"].map(known[by])), cells
                )
        by_time = rows[["run_id", "patient", "value"]].assign(stratum=rows["time_point"].astype(str))
        if by_time["stratum"].nunique() > 1:
            yield from _strata_of(measure, "time_point", by_time, cells)


def _strata_of(measure: Measure, by: str, scores: pd.DataFrame, cells: Sequence[CellRuns]) -> Iterator[Stratum]:
    """Rows of one property: of each run the mean over its scores, then the mean over the runs of a cell.

    Args:
        measure: The score.
        by: The property.
        scores: A row for each score: `stratum`, empty for none, `run_id`, `patient` and `value`.
        cells: The runs of each cell.
    """
    number_of = {run: number for number, cell in enumerate(cells) for run in cell.finished}
    scores = scores[scores["stratum"] != ""].astype({"run_id": "category", "stratum": "category"})
    of_run = scores.groupby(["stratum", "run_id"], observed=True)["value"].agg(["mean", "std", "size", "count"])
    of_run = of_run.reset_index()
    of_run["cell"] = of_run["run_id"].astype(str).map(number_of)
    found = (
        of_run.dropna(subset=["cell"])
        .groupby(["stratum", "cell"], observed=True)
        .agg(
            mean=("mean", "mean"),
            sd=("std", "mean"),
            runs=("run_id", "size"),
            of=("size", "sum"),
            there=("count", "sum"),
        )
    )
    numbers = np.array([number_of.get(str(run), -1) for run in scores["run_id"].cat.categories])
    place = scores[["stratum", "patient"]].assign(cell=numbers[scores["run_id"].cat.codes.to_numpy()])
    patients = place.drop_duplicates().groupby(["stratum", "cell"], observed=True).size()
    for (name, number), row in zip(found.index, found.to_dict("records"), strict=True):
        cell = cells[int(number)]
        yield Stratum(
            by=by,
            stratum=str(name),
            metric=measure.name,
            label=measure.label,
            model=cell.model,
            train_ratio=cell.train_ratio,
            ablation=cell.ablation,
            runs=int(row["runs"]),
            patients=int(patients[name, number]),
            mean=_known(row["mean"]),
            sd=_known(row["sd"]),
            left_out=int(row["of"] - row["there"]),
        )


def _known(value: float) -> float | None:
    return None if value != value else float(value)
