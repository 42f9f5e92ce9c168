"""Models that never learned: anything wins a comparison with them, which means nothing."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

import pandas as pd

from gridctl.analysis.model import Comparison, ComparisonRow
from gridctl.analysis.wording import sides
from gridctl.experiment.scores.measures import Measure, Measures
from gridctl_trainer.contract.score_name import VALIDATION


def never_learned(runs: pd.DataFrame, epochs: pd.DataFrame, measures: Measures) -> Iterator[str]:
    """One sentence for each model with a finished run that never learned, and each score that shows it.

    Args:
        runs: As `Collected.runs`.
        epochs: As `Collected.epochs`.
        measures: What is known about its scores.
    """
    for measure, limit in _telling(measures):
        best = _best(epochs, measure)
        for model, of_model in runs[runs["finished"]].groupby("model", sort=False):
            reached = best.reindex(of_model["run_id"]).dropna()
            failed = reached[_is_failure(reached, measure, limit)]
            if failed.empty:
                continue
            nearest = failed.max() if measure.higher_is_better else failed.min()
            said = (
                f"{measure.label} never {'above' if measure.higher_is_better else 'below'} {nearest:.3f} in any epoch"
            )
            if len(failed) == len(of_model):
                which = "its only finished run" if len(of_model) == 1 else f"all {len(of_model)} finished runs"
                yield f"{model} never learned ({said} of {which}): being better than it means nothing"
            else:
                which = f"{len(failed)} of {len(of_model)} finished runs"
                yield f"{model} did not learn in {which} ({said} of these): they distort every comparison with it"


def remarked(
    comparisons: Sequence[Comparison], runs: pd.DataFrame, epochs: pd.DataFrame, measures: Measures
) -> list[Comparison]:
    """Comparisons with a remark in the verdict where one side never learned.

    Args:
        comparisons: With their verdicts.
        runs: As `Collected.runs`.
        epochs: As `Collected.epochs`.
        measures: What is known about its scores.
    """
    failed: dict[str, set[Hashable]] = {}
    cells = runs[runs["finished"]].groupby(["model", "train_ratio", "ablation"])
    for measure, limit in _telling(measures):
        best = _best(epochs, measure)
        failed.setdefault(measure.structure, set()).update(
            cell for cell, of_cell in cells if _is_failure(best.reindex(of_cell["run_id"]), measure, limit).all()
        )

    def told(row: ComparisonRow) -> ComparisonRow:
        structures = measures[row.metric].structures
        hopeless = {
            cell for name, of_name in failed.items() if structures == ("",) or name in structures for cell in of_name
        }
        both = ((row.model, row.train_ratio, row.ablation), (row.against, row.train_ratio, row.against_ablation))
        names = [name for name, cell in zip(sides(row), both, strict=True) if cell in hopeless]
        if not names or row.difference is None:
            return row
        return replace(row, verdict=f"{row.verdict}; but {' and '.join(names)} never learned here, so it means nothing")

    if not any(failed.values()):
        return [*comparisons]
    return [replace(part, rows=[told(row) for row in part.rows]) for part in comparisons]


def _telling(measures: Measures) -> Iterator[tuple[Measure, float]]:
    """Validation scores that show whether a model has learned anything, and the value that it must exceed."""
    for measure in measures.values():
        if measure.set == VALIDATION and measure.level == "slice" and measure.learned_beyond is not None:
            yield measure, measure.learned_beyond


def _best(epochs: pd.DataFrame, measure: Measure) -> pd.Series[float]:
    """The best value of each run, over all its epochs."""
    by_run = epochs.groupby("run_id")[measure.name]
    return by_run.max() if measure.higher_is_better else by_run.min()


def _is_failure(best: pd.Series[float], measure: Measure, limit: float) -> pd.Series[bool]:
    return best <= limit if measure.higher_is_better else best >= limit
