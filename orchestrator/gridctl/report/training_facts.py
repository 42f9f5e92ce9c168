"""Whether models were treated alike: what was trained, how unequal the updates are, and which scores still rise."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from gridctl.analysis.model import ComparisonRow, TrainedModel
from gridctl.analysis.wording import listed
from gridctl.collection.specifications import deciding_values, flat
from gridctl.experiment import Experiment
from gridctl.experiment.scores.measures import Measure

LAST_EPOCHS: Final = 5
"""Last epochs over which a rise of a score is reported."""

LEAST_CLIMB: Final = 0.01
"""Smallest rise over the last epochs, of a score between 0 and 1, that is reported."""

_OF_SCORING: Final = ("validation_batch_size", "external_batch_size")
"""Settings of `training` that change no weight."""


def trained_models(experiment: Experiment, runs: pd.DataFrame) -> list[TrainedModel]:
    """One row per model and cell of the grid that has a finished run.

    Args:
        experiment: Its specifications say how each run is trained.
        runs: As `Collected.runs`.
    """
    specs = {run.run_id: run for run in experiment.runs}
    by_cell: dict[tuple[float, str], list[TrainedModel]] = defaultdict(list)
    finished = runs[runs["finished"]]
    settings: dict[tuple[str, str], Mapping[str, Any]] = {}
    for key, of_cell in finished.groupby(["train_ratio", "ablation", "model"], sort=False):
        ratio, ablation, model = float(str(key[0])), str(key[1]), str(key[2])
        first = specs.get(str(of_cell["run_id"].iloc[0]))
        if first is None:
            continue
        if (model, ablation) not in settings:
            settings[model, ablation] = _settings(deciding_values(first))
        sizes = [json.loads(text) for text in of_cell["set_sizes"] if text]
        by_cell[ratio, ablation].append(
            TrainedModel(
                model=model,
                train_ratio=ratio,
                ablation=ablation,
                runs=len(of_cell),
                parameters=_mean(of_cell["parameters"]),
                updates=_mean(of_cell["updates"]),
                settings=settings[model, ablation],
                patients=_sizes(sizes, 0),
                images=_sizes(sizes, 1),
            )
        )
    return [replace(row, differs=tuple(_differs(rows))) for rows in by_cell.values() for row in rows]


def unequal_updates(trained: Sequence[TrainedModel], model: str, against: str) -> str:
    """How unequal the numbers of updates of a pair are, in a sentence; empty where they are the same."""
    ratios: list[tuple[float, TrainedModel, TrainedModel]] = []
    rows = {(row.model, row.train_ratio, row.ablation): row for row in trained}
    for (name, ratio, ablation), row in rows.items():
        other = rows.get((against, ratio, ablation))
        if name == model and other is not None and row.updates and other.updates:
            ratios.append((row.updates / other.updates, row, other))
    unequal = [item for item in ratios if abs(item[0] - 1) > 0.02]
    if not unequal:
        return ""
    factor, row, other = max(unequal, key=lambda item: abs(np.log(item[0])))
    fewer, more = (row, other) if factor < 1 else (other, row)
    times = max(factor, 1 / factor)
    sizes = [each.settings.get("batch_size") for each in (fewer, more)]
    why = f", batch size {sizes[0]} against {sizes[1]}" if sizes[0] != sizes[1] else ""
    where = "" if len({item[1].train_ratio for item in ratios}) == 1 else f" at ratio {fewer.train_ratio:g}"
    return (
        f"unequal training: {fewer.model} made {times:.1f}x fewer updates than {more.model}{where} "
        f"({fewer.updates:,.0f} against {more.updates:,.0f}{why})"
    )


def with_training(row: ComparisonRow, trained: Sequence[TrainedModel]) -> ComparisonRow:
    """A test's row, completed with how both sides were trained."""
    by_cell = {(each.model, each.train_ratio, each.ablation): each for each in trained}
    model = by_cell.get((row.model, row.train_ratio, row.ablation))
    against = by_cell.get((row.against, row.train_ratio, row.against_ablation))
    if model is None or against is None:
        return row
    names = dict.fromkeys([*model.settings, *against.settings])
    pairs = [(name, model.settings.get(name), against.settings.get(name)) for name in names]
    said = [f"{name} {first} against {second}" for name, first, second in pairs if first != second]
    if model.parameters != against.parameters and model.parameters and against.parameters:
        said.append(f"parameters {model.parameters:,.0f} against {against.parameters:,.0f}")
    return replace(
        row,
        model_updates=model.updates,
        against_updates=against.updates,
        trained_differently="; ".join(said),
    )


def not_converged(epochs: pd.DataFrame, measures: Sequence[Measure]) -> Iterator[str]:
    """Models whose validation scores still rise in the last epochs, one sentence each.

    Args:
        epochs: As `Collected.epochs`, of finished runs.
        measures: Scores by epoch that have a range.
    """
    for measure in measures:
        if measure.low is None or measure.high is None or epochs.empty:
            continue
        known = epochs[["run_id", "model", "train_ratio", "ablation", "epoch", measure.name]].dropna()
        last = known.groupby("run_id", sort=False).tail(LAST_EPOCHS)
        climbing: dict[str, list[tuple[float, str]]] = defaultdict(list)
        for (model, ratio, ablation), of_cell in last.groupby(["model", "train_ratio", "ablation"], sort=False):
            gain = _climb(of_cell, measure)
            if gain is not None and gain >= LEAST_CLIMB * (measure.high - measure.low):
                climbing[str(model)].append((gain, f"{ratio:g}" + ("" if ablation == "none" else f" ({ablation})")))
        for model, cells in climbing.items():
            sign = "+" if measure.higher_is_better else "−"
            yield (
                f"not converged: {sign}{max(cells)[0]:.2f} over the last {LAST_EPOCHS} epochs in {measure.label} of "
                f"{model} (ratio {listed([name for _, name in cells])})"
            )


def _climb(epochs: pd.DataFrame, measure: Measure) -> float | None:
    """Rise of a score over the last epochs: of a straight line through them, mean over runs.

    None if there are too few epochs, or if the runs do not agree.
    """
    of_run = epochs.groupby("run_id", sort=False)["epoch"].transform("size")
    whole = epochs[of_run == LAST_EPOCHS].sort_values("run_id", kind="stable")
    if whole.empty:
        return None
    epoch = whole["epoch"].to_numpy(dtype=float).reshape(-1, LAST_EPOCHS)
    score = whole[measure.name].to_numpy(dtype=float).reshape(-1, LAST_EPOCHS)
    from_middle = epoch - epoch.mean(axis=1, keepdims=True)
    slopes = (from_middle * score).sum(axis=1) / (from_middle**2).sum(axis=1)
    gains = slopes * (LAST_EPOCHS - 1) * (1 if measure.higher_is_better else -1)
    spread = np.std(gains, ddof=1) / len(gains) ** 0.5 if len(gains) > 1 else 0.0
    mean = float(np.mean(gains))
    return mean if mean > 2 * spread else None


def _settings(deciding: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flat(deciding["training"]) if name not in _OF_SCORING}


def _sizes(found: Sequence[Mapping[str, Sequence[int]]], which: int) -> dict[str, float]:
    names = dict.fromkeys(name for sizes in found for name in sizes)
    return {name: float(np.mean([sizes[name][which] for sizes in found if name in sizes])) for name in names}


def _differs(rows: Sequence[TrainedModel]) -> Iterator[str]:
    """Facts in which the models of one cell are not alike."""
    if len(rows) < 2:
        return
    for name in ("parameters", "updates", "patients", "images"):
        if any(getattr(row, name) != getattr(rows[0], name) for row in rows):
            yield name
    for name in dict.fromkeys(name for row in rows for name in row.settings):
        if any(row.settings.get(name) != rows[0].settings.get(name) for row in rows):
            yield name


def _mean(values: pd.Series[float]) -> float | None:
    mean = values.mean()
    return None if mean != mean else float(mean)
