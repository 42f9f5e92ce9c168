"""Figures of Li (2020), which print no numbers: means over our runs, against train ratio or epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from gridctl.analysis.model import StudyPoint
from gridctl.analysis.scores import run_scores
from gridctl.analysis.summaries import mean_interval
from gridctl.experiment.scores.measures import primary_measures
from gridctl.report.study import Measured
from gridctl.studies.li2020.cells import NOTHING_YET
from gridctl.studies.li2020.printed import ARCHITECTURES
from gridctl.terminal.console import count

X_AXES: Final = {"train_ratio": "train ratio", "epoch": "epoch"}
"""Of a figure, by what it is `against`."""


def figure_points(
    item: Mapping[str, Any],
    metrics: Sequence[str],
    measured: Measured,
) -> Iterator[StudyPoint]:
    """Every point of a figure, of every model.

    Args:
        item: The figure, as printed.
        metrics: Its metrics that were measured.
        measured: Ours.
    """
    epochs, finished = measured.epochs, measured.finished
    runs = [run for run in measured.experiment.runs if run.ablation == "none" and run.run_id in finished]
    if item["against"] == "epoch":
        runs = [run for run in runs if np.isclose(run.train_ratio, item["train_ratio"])]
    architecture_of = {run.model: run.network.architecture for run in runs}
    values = epochs[epochs["run_id"].isin([run.run_id for run in runs])]
    if item["against"] == "train_ratio":
        ratio_of = {run.run_id: (run.model, run.train_ratio) for run in runs}
        scores = run_scores(values, metrics, measured.score, primary_measures(measured.measures))
        places = pd.DataFrame([ratio_of[str(run)] for run in scores.index], columns=["model", "train_ratio"])
        values = pd.concat([places, scores.reset_index(drop=True)], axis=1)
    for metric in metrics:
        for (model, x), group in values.groupby(["model", item["against"]], sort=False)[metric]:
            known = group.dropna().to_numpy(dtype=float)
            if len(known):
                low, high = mean_interval(known)
                name, place = str(model), float(str(x))
                label, mean = measured.measures[metric].label, known.mean()
                yield StudyPoint(architecture_of[name], name, metric, label, place, len(known), mean, low, high)


def said_of_points(item: Mapping[str, Any], points: Sequence[StudyPoint]) -> str:
    """How far our runs agree with what the study says about a figure, in words."""
    if not points:
        return NOTHING_YET
    if item["against"] == "epoch":
        epochs = count(len({point.x for point in points}), "epoch")
        return f"means over {count(max(point.n for point in points), 'run')}, {epochs}"
    standing = standing_for(points)
    if missing := [ARCHITECTURES[architecture] for architecture in ARCHITECTURES if architecture not in standing]:
        return f"no points of {' and '.join(missing)}, so γ-Net and U-Net cannot be compared"
    mean = {(point.model, point.x): point.mean for point in points}
    gamma, unet = standing["gamma_net"], standing["unet"]
    both = sorted({x for _, x in mean if (gamma, x) in mean and (unet, x) in mean})
    ahead = [f"{x:g}" for x in both if mean[gamma, x] > mean[unet, x]]
    return f"γ-Net's mean is higher at {len(ahead)} of {count(len(both), 'ratio')}" + (
        f" ({', '.join(ahead)})" if 0 < len(ahead) < len(both) else ""
    )


def standing_for(points: Sequence[StudyPoint]) -> Mapping[str, str]:
    """The model that stands for each printed architecture: the first with points, in the order of the file."""
    models: dict[str, str] = {}
    for point in points:
        if point.architecture in ARCHITECTURES:
            models.setdefault(point.architecture, point.model)
    return models
