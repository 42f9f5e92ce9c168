"""Means of every model: by cell, and over the whole grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridctl.analysis.inference.cell_tests import deviation
from gridctl.analysis.inference.overall import seed_table
from gridctl.analysis.model import Aggregate, Summary
from gridctl.analysis.pairing.pair_differences import RunRow
from gridctl.analysis.pairing.pairs import fold_of
from gridctl.analysis.request import ReportRequest
from gridctl.analysis.scores import Observations
from gridctl.analysis.statistics.over_grid import iqm
from gridctl.analysis.statistics.student_t import quantile
from gridctl.experiment import Experiment


@dataclass(frozen=True, slots=True)
class CellRuns:
    """The runs of one model in one cell.

    Attributes:
        finished: Ids of finished runs.
        unfinished: How many are not finished.
        seeds: Seed and fold of each finished one.
    """

    model: str
    train_ratio: float
    ablation: str
    finished: Sequence[str]
    unfinished: int
    seeds: Sequence[tuple[int, int | None]]


def runs_by_cell(experiment: Experiment, runs: pd.DataFrame) -> list[CellRuns]:
    """Which runs there are in every cell, in the order of the grid.

    Args:
        experiment: Its grid.
        runs: As `Collected.runs`.
    """
    found: dict[tuple[str, float, str], tuple[list[RunRow], list[RunRow]]] = {}
    for row in runs.to_dict("records"):
        cell = str(row["model"]), float(row["train_ratio"]), str(row["ablation"])
        found.setdefault(cell, ([], []))[0 if row["finished"] else 1].append(row)
    return [
        CellRuns(
            model,
            ratio,
            ablation,
            [str(row["run_id"]) for row in of_cell[0]],
            len(of_cell[1]),
            [(int(row["seed"]), fold_of(row)) for row in of_cell[0]],
        )
        for ratio in experiment.train_ratios
        for ablation in experiment.ablations
        for model in experiment.models
        if (of_cell := found.get((model, ratio, ablation), ([], []))) is not None
    ]


def summaries(
    cells: Sequence[CellRuns], metrics: Sequence[str], observations: Observations, unit: str
) -> Iterator[Summary]:
    """One row per metric, cell and model."""
    for metric in metrics:
        for cell in cells:
            values = observations.of_runs(metric, cell.finished)
            low, high = mean_interval(values) if unit == "run" else (None, None)
            yield Summary(
                metric=metric,
                train_ratio=cell.train_ratio,
                ablation=cell.ablation,
                model=cell.model,
                n=len(values),
                mean=float(values.mean()) if len(values) else None,
                sd=deviation(values),
                unfinished=cell.unfinished,
                ci_low=low,
                ci_high=high,
            )


def aggregates(
    cells: Sequence[CellRuns], metrics: Sequence[str], observations: Observations, request: ReportRequest
) -> Iterator[Aggregate]:
    """Interquartile means of every model over the whole grid; none where epochs are pooled."""
    if request.unit != "run":
        return
    for metric in metrics:
        for model in dict.fromkeys(cell.model for cell in cells):
            of_model = [cell for cell in cells if cell.model == model]
            filled = [values for cell in of_model if len(values := observations.of_runs(metric, cell.finished))]
            middle = iqm(_scores_by_seed(of_model, metric, observations))
            yield Aggregate(
                metric=metric,
                model=model,
                cells=len(filled),
                n=sum(len(value) for value in filled),
                iqm=middle.value if middle else None,
                ci_low=middle.ci_low if middle else None,
                ci_high=middle.ci_high if middle else None,
                mean=float(np.concatenate(filled).mean()) if filled else None,
            )


def _scores_by_seed(cells: Sequence[CellRuns], metric: str, observations: Observations) -> NDArray[np.float64]:
    return seed_table(
        (seed, (cell.train_ratio, cell.ablation, fold), float(value))
        for cell in cells
        for run, (seed, fold) in zip(cell.finished, cell.seeds, strict=True)
        for value in observations.of_runs(metric, [run])
    )


def mean_interval(values: NDArray[np.float64], confidence: float = 0.95) -> tuple[float | None, float | None]:
    """Student's t interval of a mean over runs; None below two."""
    spread = deviation(values)
    if spread is None:
        return None, None
    reach = quantile((1 + confidence) / 2, len(values) - 1) * spread / len(values) ** 0.5
    return float(values.mean()) - reach, float(values.mean()) + reach
