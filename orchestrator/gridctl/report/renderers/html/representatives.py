"""Which runs represent a cell where only a few can be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridctl.analysis.model import Comparison, Report
from gridctl.report.numbers import signed
from gridctl.report.renderers.html.charts.legend import Model, cell_text
from gridctl.terminal.console import count


@dataclass(frozen=True, slots=True)
class Example:
    """The runs of one seed.

    Attributes:
        seed: Their seed.
        runs: Run id by model, in the order of the file; every model that is done.
        why: Why this seed.
    """

    seed: int
    runs: Mapping[Model, str]
    why: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The runs of one cell that are shown.

    Attributes:
        key: Names it in the page.
        cell: `30%`.
        of_set: By set, for each is judged by its own score.
    """

    key: str
    cell: str
    of_set: Mapping[str, Example]


def representatives(report: Report, runs: Sequence[Mapping[str, Any]], models: Sequence[Model]) -> list[Shown]:
    """One seed per train ratio, ablation and set; of several folds the first.

    Where models are compared, it is the pair with the median difference on that set, so that
    neither model is shown at its best; elsewhere the seed with most models done.

    Args:
        report: Its first comparison of models chooses.
        runs: Rows of `Collected.runs`.
        models: All of the experiment.
    """
    done: dict[tuple[float, str], dict[int, dict[str, str]]] = {}
    first = min((run["fold"] for run in runs if run["fold"] is not None), default=None)
    for run in runs:
        if run["finished"] and run["fold"] == first:
            seeds = done.setdefault((run["train_ratio"], run["ablation"]), {})
            seeds.setdefault(run["seed"], {})[run["model"]] = run["run_id"]
    sets = dict.fromkeys(measure.set for measure in report.measures.values())
    asked = next((item for item in report.comparisons if item.kind == "models"), None)
    shown = []
    for number, ((ratio, ablation), seeds) in enumerate(done.items()):
        of_set = {name: _example(report, asked, (ratio, ablation), seeds, models, name) for name in sets}
        shown.append(Shown(f"cell-{number}", cell_text(ratio, ablation), of_set))
    return shown


def _example(
    report: Report,
    asked: Comparison | None,
    cell: tuple[float, str],
    seeds: Mapping[int, Mapping[str, str]],
    models: Sequence[Model],
    set_name: str,
) -> Example:
    seed, why = _median_seed(report, asked, cell, set_name) if asked else (None, "")
    if seed is None or seed not in seeds:
        seed = max(seeds, key=lambda one: (len(seeds[one]), -one))
        why = f"seed {seed}, the first with {len(seeds[seed])} of {count(len(models), 'model')} done"
    return Example(seed, {model: seeds[seed][model.name] for model in models if model.name in seeds[seed]}, why)


def _median_seed(
    report: Report, comparison: Comparison, cell: tuple[float, str], set_name: str
) -> tuple[int | None, str]:
    """By the first score that was compared on this set; by the first of all where none was."""
    of_cell = [pair for pair in comparison.pairs if (pair.train_ratio, pair.ablation) == cell]
    first = min((pair.fold for pair in of_cell if pair.fold is not None), default=None)
    pairs = [pair for pair in of_cell if pair.fold == first]
    if not pairs:
        return None, ""
    metrics = list(dict.fromkeys(pair.metric for pair in pairs))
    metric = next((name for name in metrics if report.measures[name].set == set_name), metrics[0])
    label = report.measures[metric].label
    ordered = sorted((pair for pair in pairs if pair.metric == metric), key=lambda pair: (pair.difference, pair.seed))
    chosen = ordered[(len(ordered) - 1) // 2]
    difference = f"{comparison.model} − {comparison.against} = {signed(chosen.difference)}"
    if len(ordered) == 1:
        return chosen.seed, f"seed {chosen.seed}, the only pair: {difference} in {label}"
    place = "the smaller" if len(ordered) == 2 else "the middle one" if len(ordered) % 2 else "one of the middle two"
    why = f"seed {chosen.seed}, whose difference in {label} ({difference}) is {place} of {len(ordered)} pairs"
    return chosen.seed, why
