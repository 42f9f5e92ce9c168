"""Printed cells of tables, and the same numbers from our runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from gridctl.analysis.inference.cell_tests import deviation
from gridctl.analysis.model import Comparison, ComparisonRow, StudyCell
from gridctl.analysis.scores import Observations
from gridctl.analysis.statistics.paired_t import paired_t
from gridctl.experiment import Experiment
from gridctl.studies.li2020.printed import ARCHITECTURES
from gridctl.terminal.console import count
from gridctl_trainer.contract.spec import DEFAULT_STEPS, RunSpec
from gridctl_trainer.plugins.model import options_of

NOTHING_YET: Final = "no finished run of this experiment corresponds to it yet"


@dataclass(frozen=True, slots=True)
class PrintedRuns:
    """Looks up our numbers for printed cells.

    Attributes:
        finished: Ids of runs.
        pooled, of_runs: Scores of epochs, and of runs.
    """

    experiment: Experiment
    finished: set[str]
    pooled: Observations
    of_runs: Observations
    comparisons: Sequence[Comparison]

    def cell(self, cell: Mapping[str, Any], *, over_runs: bool) -> StudyCell:
        """One printed cell and ours.

        Args:
            cell: As printed.
            over_runs: Whether the printed value is compared with our mean over runs, not over epochs.
        """
        metric, runs = cell["metric"], self._like(cell)
        done = [run.run_id for run in runs if run.run_id in self.finished] if metric in self.pooled.of_run else []
        epochs = self.pooled.of_runs(metric, done) if done else np.array([])
        scores = self.of_runs.of_runs(metric, done) if done else np.array([])
        pooled_mean = float(epochs.mean()) if len(epochs) else None
        run_mean = float(scores.mean()) if len(scores) else None
        compared = run_mean if over_runs else pooled_mean
        row = self._tested(cell, runs)
        return StudyCell(
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
        """Runs with which the printed p compares those of a cell."""
        if cell.get("tested") == "models":
            (other,) = ARCHITECTURES.keys() - {cell["architecture"]}
            return self._like(cell, architecture=other)
        return self._like(cell, without=None) if cell.get("tested") == "ablation" else []

    def _pooled_p(self, cell: Mapping[str, Any], runs: Sequence[RunSpec]) -> float | None:
        partner_of = {(run.seed, run.fold): run.run_id for run in self._partners(cell) if run.run_id in self.finished}
        pairs = [
            self.pooled.of_pair(cell["metric"], run.run_id, partner_of[run.seed, run.fold])
            for run in runs
            if run.run_id in self.finished
            and (run.seed, run.fold) in partner_of
            and cell["metric"] in self.pooled.of_run
        ]
        if not pairs:
            return None
        first, second = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
        return paired_t(first, second).p

    def _tested(self, cell: Mapping[str, Any], runs: Sequence[RunSpec]) -> ComparisonRow | None:
        kind = {"models": "models", "ablation": "ablations"}.get(cell.get("tested", ""))
        partners = self._partners(cell)
        if kind is None or not runs or not partners:
            return None
        wanted = (cell["metric"], runs[0].train_ratio, runs[0].ablation)
        both = {runs[0].model, partners[0].model}
        for comparison in self.comparisons:
            if comparison.kind == kind and {comparison.model, comparison.against} == both:
                for row in comparison.rows:
                    if (row.metric, row.train_ratio, row.ablation) == wanted:
                        return row
        return None


def _corresponds(run: RunSpec, cell: Mapping[str, Any]) -> bool:
    if run.network.architecture != cell["architecture"] or not np.isclose(run.train_ratio, cell["train_ratio"]):
        return False
    if run.data.preprocessing != tuple(item for item in DEFAULT_STEPS if item.step != cell.get("without")):
        return False
    if run.training.batch_size != cell.get("batch_size", run.training.batch_size):
        return False
    timesteps = getattr(options_of(run.network), "timesteps", None)
    return bool(timesteps == cell.get("timesteps", timesteps))


def said_of_cells(cells: Sequence[StudyCell]) -> str:
    """How our numbers compare with the printed ones, in words."""
    ours = [cell for cell in cells if cell.difference is not None]
    if not ours:
        return NOTHING_YET
    largest = max(ours, key=lambda cell: abs(cell.difference or 0))
    known = f"{len(ours)} of {count(len(cells), 'cell')} {'has' if len(ours) == 1 else 'have'} runs of ours"
    near = [cell for cell in ours if cell.printed_sd is not None and abs(cell.difference or 0) <= cell.printed_sd]
    within = f"{len(near)} within one printed sd; " if any(cell.printed_sd is not None for cell in ours) else ""
    return f"{known}; {within}furthest away by {largest.difference:+.3f}: {largest.row}, {largest.column}"
