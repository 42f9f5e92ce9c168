"""Which ablation each model chooses, on patients that no verdict uses then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridctl.analysis.model.training import TrainedModel
from gridctl.analysis.model.tuning import TunedModel
from gridctl.analysis.pairing.pair_differences import RunRow
from gridctl.analysis.pairing.pairs import fold_of
from gridctl.analysis.pairing.tuned_pairs import Choice, Choices
from gridctl.analysis.request import tuning_set
from gridctl.analysis.scores import Observations, Scored
from gridctl.analysis.summaries import CellRuns
from gridctl.experiment import Experiment
from gridctl.experiment.schema import TUNED
from gridctl.experiment.scores.measures import Measure
from gridctl_trainer.contract.wording import count


def tuned_models(experiment: Experiment, runs: pd.DataFrame, scored: Scored, score: str) -> list[TunedModel]:
    """What every model chooses: the ablation with the best mean over its runs; of equal ones the first of the file.

    Args:
        experiment: Declares on which set; its first comparison's first score decides, whatever a report is asked.
        runs: As `Collected.runs`.
        scored: What scores are made of.
        score: How the epochs of a run become its score.

    Returns:
        By train ratio, fold and model; empty where no set is declared.
    """
    measures = _deciding(experiment)
    if not measures:
        return []
    names = [measure.name for measure in measures]
    observations = Observations.of(scored, names, "run", score)
    options = _options(experiment)
    of_place: dict[tuple[float, int | None, str], list[RunRow]] = defaultdict(list)
    for row in runs.to_dict("records"):
        of_place[float(row["train_ratio"]), fold_of(row), str(row["model"])].append(row)
    found = []
    for ratio in experiment.train_ratios:
        for fold in experiment.folds:
            for model in experiment.models:
                rows = of_place[ratio, fold, model]
                waiting = sum(not row["finished"] for row in rows)
                by_ablation = {
                    name: _values([row for row in rows if row["ablation"] == name], names, observations)
                    for name in experiment.ablations
                }
                chosen = "" if waiting else _best(by_ablation, measures[0])
                values = by_ablation.get(chosen, np.array([]))
                found.append(
                    TunedModel(
                        set=measures[0].set,
                        metric=measures[0].metric,
                        label=measures[0].metric_label,
                        model=model,
                        train_ratio=ratio,
                        fold=fold,
                        chosen=chosen,
                        mean=float(values.mean()) if len(values) else None,
                        sd=float(values.std(ddof=1)) if len(values) > 1 else None,
                        options=options[model],
                        runs=len(rows),
                        epochs=int(sum(row["epochs"] for row in rows)),
                        waiting=waiting,
                    )
                )
    return found


def choices_of(tuned: Sequence[TunedModel]) -> Choices:
    """The same, to pair by."""
    return {(row.model, row.train_ratio, row.fold): _choice(row) for row in tuned}


def chosen_cells(cells: Sequence[CellRuns], tuned: Sequence[TunedModel], runs: pd.DataFrame) -> list[CellRuns]:
    """The runs that a verdict is about, a cell per model and train ratio; all cells where nothing is tuned.

    Args:
        cells: Of the whole grid.
        tuned: As `tuned_models` finds them.
        runs: As `Collected.runs`.
    """
    if not tuned:
        return list(cells)
    choices = choices_of(tuned)
    made = []
    for ratio, model in dict.fromkeys((cell.train_ratio, cell.model) for cell in cells):
        of_model = runs[(runs["model"] == model) & (runs["train_ratio"] == ratio)].to_dict("records")
        chosen = [row for row in of_model if row["ablation"] == choices[model, ratio, fold_of(row)].ablation]
        seeds = [(int(row["seed"]), fold_of(row)) for row in chosen]
        places = {(int(row["seed"]), fold_of(row)) for row in of_model}
        finished = [str(row["run_id"]) for row in chosen]
        made.append(CellRuns(model, ratio, TUNED, finished, len(places) - len(seeds), seeds))
    return made


def trained_as_chosen(trained: Sequence[TrainedModel], tuned: Sequence[TunedModel]) -> list[TrainedModel]:
    """How the chosen runs were trained, as of the cell that a verdict is about; of folds that chose alike alone."""
    if not tuned:
        return list(trained)
    chosen: dict[tuple[str, float], set[str]] = defaultdict(set)
    for row in tuned:
        chosen[row.model, row.train_ratio].add(row.chosen)
    return [replace(row, ablation=TUNED) for row in trained if chosen[row.model, row.train_ratio] == {row.ablation}]


def budget(tuned: Sequence[TunedModel], model: str, against: str) -> str:
    """What the choice of each of two models cost, in a sentence; empty where nothing is tuned."""
    sides = [[row for row in tuned if row.model == name] for name in (model, against)]
    if not all(sides):
        return ""
    costs = [(rows[0].options, sum(row.runs for row in rows), sum(row.epochs for row in rows)) for rows in sides]
    said = [
        f"{count(options, 'option')} in {count(runs, 'run')} of {epochs:,} epochs" for options, runs, epochs in costs
    ]
    first = sides[0][0]
    by = f"by {first.label} on {first.set}, whose patients are in no test"
    if costs[0] == costs[1]:
        return f"tuned with the same budget: {model} and {against} each chose among {said[0]}, {by}"
    return f"unequal tuning: {model} chose among {said[0]}, {against} among {said[1]}, {by}"


def _choice(row: TunedModel) -> Choice:
    if row.chosen:
        return Choice(row.chosen)
    if row.waiting:
        verb = "is" if row.waiting == 1 else "are"
        return Choice(None, f"has not chosen yet, {row.waiting} of {count(row.runs, 'run')} {verb} not finished")
    return Choice(None, f"cannot choose, not every run has a {row.label} on {row.set}", "score")


def _deciding(experiment: Experiment) -> list[Measure]:
    """The scores on the set that chooses: of the first metric that is compared, each structure of it."""
    chooses = tuning_set(experiment)
    if chooses is None or not experiment.compare[0].metrics:
        return []
    compared = [experiment.measures[name] for name in experiment.compare[0].metrics]
    structures = {name for measure in compared if measure.metric == compared[0].metric for name in measure.structures}
    return [
        measure
        for measure in experiment.measures.values()
        if (measure.set, measure.metric) == (chooses, compared[0].metric) and measure.structure in structures
    ]


def _values(rows: Sequence[RunRow], names: Sequence[str], observations: Observations) -> NDArray[np.float64]:
    """A score of each run, mean over structures; nothing where a run lacks one."""
    scores = [[observations.of_runs(name, [str(row["run_id"])]) for name in names] for row in rows]
    if any(len(value) == 0 for of_run in scores for value in of_run):
        return np.array([])
    return np.array([np.mean([value[0] for value in of_run]) for of_run in scores])


def _best(by_ablation: dict[str, NDArray[np.float64]], measure: Measure) -> str:
    if not by_ablation or any(len(values) == 0 for values in by_ablation.values()):
        return ""
    means = {name: float(values.mean()) for name, values in by_ablation.items()}
    return max(means, key=lambda name: means[name] if measure.higher_is_better else -means[name])


def _options(experiment: Experiment) -> dict[str, int]:
    """Of each model, in how many ways the ablations train it: one that names another model alone is none of its own."""
    ways: dict[str, dict[str, str]] = defaultdict(dict)
    for run in experiment.runs:
        if run.ablation not in ways[run.model]:
            ways[run.model][run.ablation] = run.model_dump_json(include={"network", "training", "data"})
    return {model: len(set(of_model.values())) for model, of_model in ways.items()}
