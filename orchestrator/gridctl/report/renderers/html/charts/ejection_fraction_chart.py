"""Ejection fraction: predicted against true, and limits of agreement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridctl.collection.implausible_ejection_fraction import IMPLAUSIBLE, IMPOSSIBLE
from gridctl.report.renderers.html.charts.ejection_fraction_plots import Agreement, pictures
from gridctl.report.renderers.html.charts.legend import Model, cell_text
from gridctl.report.renderers.html.charts.plot import Plot
from gridctl.report.renderers.html.representatives import Shown


@dataclass(frozen=True, slots=True)
class CellFunction:
    """The pictures of one cell's chosen runs, what is odd about single patients, and the sets there are."""

    shown: Shown
    plots: Sequence[Plot]
    remarks: Sequence[str]
    sets: Sequence[str]


def agreements(function: pd.DataFrame, models: Sequence[Model]) -> list[Agreement]:
    """One row per set, cell and model.

    Args:
        function: As `Collected.function`.
        models: All models of the experiment.
    """
    by_name = {model.name: model for model in models}
    cell = ["set", "train_ratio", "ablation", "model"]
    asked = function.groupby([*cell, "run_id"], sort=False).size().groupby(level=cell, sort=False)
    odd = {kind: _odd(function, cell, kind) for kind in (IMPOSSIBLE, IMPLAUSIBLE)}
    of_run = _run_agreements(function.dropna(subset=["predicted_ef"]), [*cell, "run_id"])
    of_cell = _alike(of_run, cell).groupby(level=cell, sort=False)
    table = of_cell.mean().reindex(asked.max().index)  # a model of which no patient can be measured has a row as well
    table = table.assign(
        runs=of_cell.size(),
        known=of_run["n"].groupby(level=cell, sort=False).sum(),
        asked=asked.sum(),
        patients=asked.max(),
        runs_done=asked.size(),
    ).fillna({"runs": 0, "known": 0})
    rows = []
    for key, row in zip(table.index, table.to_dict("records"), strict=True):
        set_name, ratio, ablation, model = key
        rows.append(
            Agreement(
                by_name[model],
                cell_text(ratio, ablation),
                set_name,
                int(row["runs"]),
                int(row["patients"]),
                _known(row["bias"]),
                _known(row["low"]),
                _known(row["high"]),
                _known(row["absolute"]),
                _known(row["correlation"]),
                int(row["asked"] - row["known"]),
                int(odd[IMPOSSIBLE].get(key, 0)),
                int(odd[IMPLAUSIBLE].get(key, 0)),
                int(row["runs_done"]),
            )
        )
    return sorted(rows, key=lambda row: row.set != "validation")


def _alike(of_run: pd.DataFrame, cell: Sequence[str]) -> pd.DataFrame:
    """The runs that contribute to both bias and limits.

    A run with one measurable patient has a bias and no limits: averaged into the bias alone, it moves that away from
    the middle of the limits, even out of them. It counts only where no run of its cell has limits.
    """
    limited = of_run["low"].notna()
    return of_run[limited | ~limited.groupby(level=list(cell), sort=False).transform("any")]


def _run_agreements(function: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Bias, limits, mean absolute difference and correlation of each run, NaN with too few patients."""
    true, predicted = function["true_ef"] * 100, function["predicted_ef"] * 100
    difference = predicted - true
    parts = pd.DataFrame(
        {
            "n": 1.0,
            "t": true,
            "p": predicted,
            "tt": true**2,
            "pp": predicted**2,
            "tp": true * predicted,
            "d": difference,
            "dd": difference**2,
            "absolute": difference.abs(),
        }
    )
    sums = parts.groupby([function[key] for key in keys], sort=False).sum()
    n = sums["n"]
    bias = sums["d"] / n
    sd = np.sqrt((sums["dd"] - n * bias**2).clip(lower=0) / (n - 1).where(n > 1))
    spreads = (n * sums["tt"] - sums["t"] ** 2).clip(lower=0) * (n * sums["pp"] - sums["p"] ** 2).clip(lower=0)
    correlation = (n * sums["tp"] - sums["t"] * sums["p"]) / np.sqrt(spreads.where((spreads > 1e-6) & (n > 2)))
    return pd.DataFrame(
        {
            "n": n,
            "bias": bias,
            "low": bias - 1.96 * sd,
            "high": bias + 1.96 * sd,
            "absolute": sums["absolute"] / n,
            "correlation": correlation,
        }
    )


def _odd(function: pd.DataFrame, cell: Sequence[str], kind: str) -> Mapping[Any, int]:
    """How many predictions of each cell have a remark of this kind."""
    found = function[function["remark"].str.startswith(f"{kind}: ") & function["remark"].str.contains("predicted")]
    return dict(found.groupby(list(cell), sort=False).size())


def _known(value: float) -> float | None:
    return None if value != value else value


def function_cells(
    function: pd.DataFrame, representatives: Sequence[Shown], agreed: Sequence[Agreement]
) -> list[CellFunction]:
    """The pictures of the chosen runs, cell by cell.

    Args:
        function: As `Collected.function`.
        representatives: The runs shown.
        agreed: Bias and limits of all runs, which are drawn: the same as in the table.
    """
    by_run = dict(iter(function.groupby("run_id", sort=False)))
    cells = []
    for shown in representatives:
        plots: list[Plot] = []
        remarks: list[str] = []
        sets: list[str] = []
        for set_name, example in shown.of_set.items():
            rows = [
                (model, patients[patients["set"] == set_name])
                for model, run_id in example.runs.items()
                if (patients := by_run.get(run_id)) is not None
            ]
            lines = {row.model: row for row in agreed if (row.set, row.cell) == (set_name, shown.cell)}
            drawn = [(model, patients.dropna(subset=["predicted_ef"])) for model, patients in rows]
            if any(len(patients) for _, patients in drawn):
                sets.append(set_name)
                plots += pictures(set_name, example, drawn, lines)
            remarks += [f"{set_name}, {said}" for model, patients in rows for said in _remarks(model, patients)]
        if plots or remarks:
            cells.append(CellFunction(shown, plots, remarks, sets))
    return cells


def _remarks(model: Model, patients: pd.DataFrame) -> Iterator[str]:
    for row in patients[patients["remark"] != ""].to_dict("records"):
        predicted = row["predicted_ef"]
        value = "" if predicted != predicted else f" {predicted:.0%}".replace("-", "−")
        yield f"{row['patient']}, {model.name}:{value} {row['remark']}"
