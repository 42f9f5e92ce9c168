"""Which runs stand for a cell where only a few can be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.report.numbers import signed
from orchestrator.report.page.legend import Model, cell_text
from orchestrator.report.result import Comparison, Report
from orchestrator.report.wording import METRIC_NAMES


@dataclass(frozen=True, slots=True)
class Shown:
    """The runs of one cell that are shown: one seed, every model that is done.

    Attributes:
        key: Names it in the page.
        cell: `30%`.
        seed: Of all its runs.
        runs: Run id by model, in the order of the file.
        why: Why this seed.
    """

    key: str
    cell: str
    seed: int
    runs: Mapping[Model, str]
    why: str


def representatives(report: Report, runs: Sequence[Mapping[str, Any]], models: Sequence[Model]) -> list[Shown]:
    """One seed a train ratio and ablation.

    Where models are compared it is the pair whose difference is the median one, so that neither
    model is shown at its best; elsewhere the seed with most models done.

    Args:
        report: Its first comparison of models chooses.
        runs: Rows of `Collected.runs`.
        models: All of the experiment.
    """
    done: dict[tuple[float, str], dict[int, dict[str, str]]] = {}
    for run in runs:
        if run["finished"]:
            seeds = done.setdefault((run["train_ratio"], run["ablation"]), {})
            seeds.setdefault(run["seed"], {})[run["model"]] = run["run_id"]
    asked = next((item for item in report.comparisons if item.kind == "models"), None)
    shown = []
    for number, ((ratio, ablation), seeds) in enumerate(done.items()):
        seed, why = _median_seed(asked, ratio, ablation) if asked else (None, "")
        if seed is None or seed not in seeds:
            seed = max(seeds, key=lambda one: (len(seeds[one]), -one))
            why = f"seed {seed}, the first with {len(seeds[seed])} of {len(models)} models done"
        of_seed = {model: seeds[seed][model.name] for model in models if model.name in seeds[seed]}
        shown.append(Shown(f"cell-{number}", cell_text(ratio, ablation), seed, of_seed, why))
    return shown


def _median_seed(comparison: Comparison, ratio: float, ablation: str) -> tuple[int | None, str]:
    pairs = [pair for pair in comparison.pairs if (pair.train_ratio, pair.ablation) == (ratio, ablation)]
    if not pairs:
        return None, ""
    metric = pairs[0].metric
    ordered = sorted((pair for pair in pairs if pair.metric == metric), key=lambda pair: (pair.difference, pair.seed))
    chosen = ordered[(len(ordered) - 1) // 2]
    difference = f"{comparison.model} − {comparison.against} = {signed(chosen.difference)}"
    if len(ordered) == 1:
        return chosen.seed, f"seed {chosen.seed}, the only pair: {difference} in {METRIC_NAMES[metric]}"
    return chosen.seed, (
        f"seed {chosen.seed}, of {len(ordered)} pairs the one with the median difference "
        f"in {METRIC_NAMES[metric]}: {difference}"
    )
