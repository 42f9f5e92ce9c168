"""The printed tables and figures of Li (2020) beside ours."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from gridctl.analysis.scores import Observations, run_scores
from gridctl.analysis.statistics.paired_t import paired_t
from gridctl.experiment import Experiment
from gridctl.report.cell_tests import deviation
from gridctl.report.model import Comparison, ComparisonRow, FigurePoint, ThesisCell, ThesisItem
from gridctl.report.summaries import mean_interval
from gridctl.terminal.console import count
from gridctl_trainer.contract.spec import RunSpec

_VALUES: Final = Path(__file__).parent / "printed_values.toml"
_SOURCE: Final = "Li (2020), section 5"


@lru_cache(maxsize=1)
def printed() -> Mapping[str, Mapping[str, Any]]:
    """Every table and figure by name, as `printed_values.toml` describes them."""
    return tomllib.loads(_VALUES.read_text(encoding="utf-8"))


def thesis_items(
    experiment: Experiment, runs: pd.DataFrame, epochs: pd.DataFrame, comparisons: Sequence[Comparison], score: str
) -> Iterator[ThesisItem]:
    """What the experiment `reproduces`, beside its own numbers.

    Args:
        experiment: Its runs say which printed cell they correspond to.
        runs: As `Collected.runs`.
        epochs: As `Collected.epochs`, of finished runs.
        comparisons: Corrected; empty if nothing was tested.
        score: Of a run.
    """
    if not experiment.reproduces:
        return
    finished = set(runs.loc[runs["finished"], "run_id"])
    metrics = [column for column in epochs.columns if column.startswith(("validation_", "generalisation_"))]
    pooled = Observations.of(epochs, metrics, "epoch", "")
    for name in experiment.reproduces:
        item = printed()[name]
        if "cells" in item:
            by_score = "best" if name == "table-5.6" else score
            ours = _Ours(experiment, finished, pooled, Observations.of(epochs, metrics, "run", by_score), comparisons)
            cells = [ours.cell(cell, best=name == "table-5.6") for cell in item["cells"]]
            yield _item(name, item, cells=cells, said=_said_of_cells(cells))
        else:
            points = list(_points(item, experiment, finished, epochs, score))
            yield _item(name, item, points=points, said=_said_of_points(item, points))


def _item(name: str, item: Mapping[str, Any], **ours: Any) -> ThesisItem:
    return ThesisItem(name.replace("-", " "), item["title"], _SOURCE, item["statement"], **ours)


@dataclass(frozen=True, slots=True)
class _Ours:
    """Our numbers for printed cells."""

    experiment: Experiment
    finished: set[str]
    pooled: Observations
    of_runs: Observations
    comparisons: Sequence[Comparison]

    def cell(self, cell: Mapping[str, Any], *, best: bool) -> ThesisCell:
        runs = self._like(cell)
        done = [run.run_id for run in runs if run.run_id in self.finished]
        metric = cell["metric"]
        epochs, scores = self.pooled.of_runs(metric, done), self.of_runs.of_runs(metric, done)
        pooled_mean = float(epochs.mean()) if len(epochs) else None
        run_mean = float(scores.mean()) if len(scores) else None
        compared = run_mean if best else pooled_mean
        row = self._tested(cell, runs)
        return ThesisCell(
            row=cell["row"],
            column=cell["column"],
            architecture=cell["architecture"],
            metric=metric,
            train_ratio=cell["train_ratio"],
            model=runs[0].model if runs else "",
            ablation=runs[0].ablation if runs else "",
            printed_mean=cell["mean"],
            printed_sd=cell.get("sd"),
            printed_p=cell.get("p", ""),
            n_runs=len(scores),
            n_epochs=len(epochs),
            pooled_mean=pooled_mean,
            pooled_sd=deviation(epochs),
            run_mean=run_mean,
            run_sd=deviation(scores),
            p=row.p if row else None,
            p_holm=row.p_holm if row else None,
            p_pooled=self._pooled_p(cell, runs),
            difference=compared - cell["mean"] if compared is not None else None,
        )

    def _like(self, cell: Mapping[str, Any], **changed: Any) -> list[RunSpec]:
        """Runs that correspond to a printed cell, of one model and ablation."""
        wanted = {**cell, **changed}
        alike = [run for run in self.experiment.runs if _corresponds(run, wanted)]
        return [run for run in alike if (run.model, run.ablation) == (alike[0].model, alike[0].ablation)]

    def _partners(self, cell: Mapping[str, Any]) -> list[RunSpec]:
        """Runs that the printed p sets a cell's against."""
        if cell.get("tested") == "models":
            other = "unet" if cell["architecture"] == "gamma_net" else "gamma_net"
            return self._like(cell, architecture=other)
        return self._like(cell, without=None) if cell.get("tested") == "ablation" else []

    def _pooled_p(self, cell: Mapping[str, Any], runs: Sequence[RunSpec]) -> float | None:
        partner_of = {run.seed: run.run_id for run in self._partners(cell) if run.run_id in self.finished}
        pairs = [
            self.pooled.of_pair(cell["metric"], run.run_id, partner_of[run.seed])
            for run in runs
            if run.run_id in self.finished and run.seed in partner_of
        ]
        if not pairs:
            return None
        first, second = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
        return paired_t(first, second).p

    def _tested(self, cell: Mapping[str, Any], runs: Sequence[RunSpec]) -> ComparisonRow | None:
        kind = {"models": "models", "ablation": "ablations"}.get(cell.get("tested", ""))
        if kind is None or not runs:
            return None
        wanted = (cell["metric"], runs[0].train_ratio, runs[0].ablation)
        for comparison in self.comparisons:
            if comparison.kind == kind and runs[0].model in (comparison.model, comparison.against):
                for row in comparison.rows:
                    if (row.metric, row.train_ratio, row.ablation) == wanted:
                        return row
        return None


def _corresponds(run: RunSpec, cell: Mapping[str, Any]) -> bool:
    steps = run.data.preprocessing.model_dump()
    if run.network.architecture != cell["architecture"] or not np.isclose(run.train_ratio, cell["train_ratio"]):
        return False
    if {step for step, kept in steps.items() if not kept} != ({cell["without"]} if cell.get("without") else set()):
        return False
    if run.training.batch_size != cell.get("batch_size", run.training.batch_size):
        return False
    timesteps = getattr(run.network, "timesteps", None)
    return bool(timesteps == cell.get("timesteps", timesteps))


def _points(
    item: Mapping[str, Any], experiment: Experiment, finished: set[str], epochs: pd.DataFrame, score: str
) -> Iterator[FigurePoint]:
    metrics = item["metrics"]
    runs = [run for run in experiment.runs if run.ablation == "none" and run.run_id in finished]
    if item["against"] == "epoch":
        runs = [run for run in runs if np.isclose(run.train_ratio, item["train_ratio"])]
    architecture_of = {run.model: run.network.architecture for run in runs}
    values = epochs[epochs["run_id"].isin([run.run_id for run in runs])]
    if item["against"] == "train_ratio":
        ratio_of = {run.run_id: (run.model, run.train_ratio) for run in runs}
        scores = run_scores(values, metrics, score)
        places = pd.DataFrame([ratio_of[str(run)] for run in scores.index], columns=["model", "train_ratio"])
        values = pd.concat([places, scores.reset_index(drop=True)], axis=1)
    for metric in metrics:
        for (model, x), group in values.groupby(["model", item["against"]], sort=False)[metric]:
            known = group.dropna().to_numpy(dtype=float)
            if len(known):
                low, high = mean_interval(known)
                name = str(model)
                yield FigurePoint(architecture_of[name], name, metric, float(x), len(known), known.mean(), low, high)


def _said_of_cells(cells: Sequence[ThesisCell]) -> str:
    ours = [cell for cell in cells if cell.difference is not None]
    if not ours:
        return "no finished run of this experiment corresponds to it yet"
    largest = max(ours, key=lambda cell: abs(cell.difference or 0))
    known = f"{len(ours)} of {count(len(cells), 'cell')} {'has' if len(ours) == 1 else 'have'} runs of ours"
    near = [cell for cell in ours if cell.printed_sd is not None and abs(cell.difference or 0) <= cell.printed_sd]
    within = f"{len(near)} within one printed sd; " if any(cell.printed_sd is not None for cell in ours) else ""
    return f"{known}; {within}furthest away by {largest.difference:+.3f}: {largest.row}, {largest.column}"


def _said_of_points(item: Mapping[str, Any], points: Sequence[FigurePoint]) -> str:
    if not points:
        return "no finished run of this experiment corresponds to it yet"
    if item["against"] == "epoch":
        epochs = count(len({point.x for point in points}), "epoch")
        return f"means over {count(max(point.n for point in points), 'run')}, {epochs}"
    mean = {(point.architecture, point.x): point.mean for point in points}
    both = sorted({x for _, x in mean if ("gamma_net", x) in mean and ("unet", x) in mean})
    ahead = [f"{x:g}" for x in both if mean["gamma_net", x] > mean["unet", x]]
    return f"γ-Net's mean is higher at {len(ahead)} of {count(len(both), 'ratio')}" + (
        f" ({', '.join(ahead)})" if 0 < len(ahead) < len(both) else ""
    )
