"""Ejection fraction: predicted against true, and limits of agreement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridctl.analysis.statistics.agreement import limits_of_agreement
from gridctl.collection.implausible_ejection_fraction import IMPLAUSIBLE, IMPOSSIBLE
from gridctl.report.renderers.html.charts.ejection_fraction_plots import Agreement, pictures
from gridctl.report.renderers.html.charts.legend import Model, cell_text
from gridctl.report.renderers.html.charts.plot import MARKS_DRAWN, Plot
from gridctl.report.renderers.html.representatives import Shown


@dataclass(frozen=True, slots=True)
class CellFunction:
    """The pictures of one cell's chosen runs, what is odd about single patients, and the sets there are."""

    shown: Shown
    plots: Sequence[Plot]
    remarks: Sequence[str]
    sets: Sequence[str]


@dataclass(frozen=True, slots=True)
class Functions:
    """The cells that fit into a page, and those left out."""

    cells: Sequence[CellFunction]
    left_out: Sequence[str]


def agreements(function: pd.DataFrame, models: Sequence[Model]) -> list[Agreement]:
    """One row per set, cell and model.

    Args:
        function: As `Collected.function`.
        models: All models of the experiment.
    """
    by_name = {model.name: model for model in models}
    cell = ["set", "train_ratio", "ablation", "model"]
    odd = {kind: _odd(function, cell, kind) for kind in (IMPOSSIBLE, IMPLAUSIBLE)}
    rows = []
    for key, of_cell in function.groupby(cell, sort=False):
        set_name, ratio, ablation, model = key
        known = of_cell.dropna(subset=["predicted_ef"])
        found = limits_of_agreement(
            (known["predicted_ef"] - known["true_ef"]).to_numpy(dtype=float) * 100,
            pd.factorize(known["patient"])[0].astype(np.int64),
        )
        of_run = _of_runs(known)
        rows.append(
            Agreement(
                by_name[str(model)],
                cell_text(float(str(ratio)), str(ablation)),
                str(set_name),
                runs=len(of_run),
                patients=int(of_cell["patient"].nunique()),
                bias=found.bias if found else None,
                low=found.low if found else None,
                high=found.high if found else None,
                absolute=_known(of_run["absolute"].mean()),
                correlation=_known(of_run["correlation"].mean()),
                missing=len(of_cell) - len(known),
                impossible=int(odd[IMPOSSIBLE].get(key, 0)),
                implausible=int(odd[IMPLAUSIBLE].get(key, 0)),
                runs_done=int(of_cell["run_id"].nunique()),
            )
        )
    return sorted(rows, key=lambda row: row.set != "validation")


def _of_runs(known: pd.DataFrame) -> pd.DataFrame:
    """Mean absolute difference and correlation of each run; NaN where too few patients tell, or all are alike."""
    true, predicted = known["true_ef"] * 100, known["predicted_ef"] * 100
    parts = pd.DataFrame(
        {"n": 1.0, "t": true, "p": predicted, "tt": true**2, "pp": predicted**2, "tp": true * predicted}
    )
    sums = parts.assign(absolute=(predicted - true).abs()).groupby(known["run_id"], sort=False).sum()
    n = sums["n"]
    spreads = (n * sums["tt"] - sums["t"] ** 2).clip(lower=0) * (n * sums["pp"] - sums["p"] ** 2).clip(lower=0)
    correlation = (n * sums["tp"] - sums["t"] * sums["p"]) / np.sqrt(spreads.where((spreads > 1e-6) & (n > 2)))
    return pd.DataFrame({"absolute": sums["absolute"] / n, "correlation": correlation})


def _odd(function: pd.DataFrame, cell: Sequence[str], kind: str) -> Mapping[Any, int]:
    """How many predictions of each cell have a remark of this kind."""
    found = function[function["remark"].str.startswith(f"{kind}: ") & function["remark"].str.contains("predicted")]
    return dict(found.groupby(list(cell), sort=False).size())


def _known(value: float) -> float | None:
    return None if value != value else value


def shown_functions(function: pd.DataFrame, representatives: Sequence[Shown]) -> Functions:
    """The pictures of the chosen runs, cell by cell, until the page has enough marks.

    Args:
        function: As `Collected.function`.
        representatives: The runs shown, of one seed each.
    """
    by_run = dict(iter(function.groupby("run_id", sort=False)))
    cells: list[CellFunction] = []
    left_out: list[str] = []
    marks = 0
    for shown in representatives:
        if marks > MARKS_DRAWN:
            left_out.append(shown.cell)
            continue
        plots: list[Plot] = []
        remarks: list[str] = []
        sets: list[str] = []
        for set_name, example in shown.of_set.items():
            rows = [
                (model, patients[patients["set"] == set_name])
                for model, run_id in example.runs.items()
                if (patients := by_run.get(run_id)) is not None
            ]
            drawn = [(model, patients.dropna(subset=["predicted_ef"])) for model, patients in rows]
            if any(len(patients) for _, patients in drawn):
                sets.append(set_name)
                plots += pictures(set_name, example, drawn)
            remarks += [f"{set_name}, {said}" for model, patients in rows for said in _remarks(model, patients)]
        marks += sum(len(plot.marks) for plot in plots)
        if plots or remarks:
            cells.append(CellFunction(shown, plots, remarks, sets))
    return Functions(cells, left_out)


def _remarks(model: Model, patients: pd.DataFrame) -> Iterator[str]:
    for row in patients[patients["remark"] != ""].to_dict("records"):
        predicted = row["predicted_ef"]
        value = "" if predicted != predicted else f" {predicted:.0%}".replace("-", "−")
        yield f"{row['patient']}, {model.name}:{value} {row['remark']}"
