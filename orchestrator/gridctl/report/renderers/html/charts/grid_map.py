"""The grid as a map: one line per model, train ratio and ablation, one square per seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridctl.report.renderers.html.charts.legend import Model, cell_text
from gridctl.runs.standing import Standing
from gridctl.runs.state import MEANING, RunState


@dataclass(frozen=True, slots=True)
class Square:
    """One run: its CSS class, its tooltip, and its row in the table of runs."""

    run_id: str
    css: str
    tip: str


@dataclass(frozen=True, slots=True)
class Line:
    """All seeds of a model in one cell."""

    model: Model
    cell: str
    squares: Sequence[Square]
    said: str


@dataclass(frozen=True, slots=True)
class GridMap:
    """The map, how many runs there are of each state, and what the states mean."""

    lines: Sequence[Line]
    counts: Sequence[tuple[str, str, int, str]]


def grid_map(runs: Sequence[Mapping[str, Any]], models: Sequence[Model], standings: Mapping[str, Standing]) -> GridMap:
    """Draw the map.

    Args:
        runs: Rows of `Collected.runs`, in the order of the grid.
        models: All of the experiment.
        standings: State of each run, by run id.
    """
    by_name = {model.name: model for model in models}
    lines: dict[tuple[str, float, str], list[Mapping[str, Any]]] = {}
    for run in runs:
        lines.setdefault((run["model"], run["train_ratio"], run["ablation"]), []).append(run)
    ordered = sorted(lines.items(), key=lambda item: (by_name[item[0][0]].series,))
    counted = Counter(standings[run["run_id"]].state for run in runs)
    return GridMap(
        [
            _line(by_name[model], cell_text(ratio, ablation), here, standings)
            for (model, ratio, ablation), here in ordered
        ],
        [(state.label, state.css, counted[state], _plain(MEANING[state])) for state in RunState if counted[state]],
    )


def _line(model: Model, cell: str, runs: Sequence[Mapping[str, Any]], standings: Mapping[str, Standing]) -> Line:
    counted = Counter(standings[run["run_id"]].state for run in runs)
    said = ", ".join(f"{counted[state]} {state.label}" for state in RunState if counted[state])
    return Line(model, cell, [_square(run, standings[run["run_id"]].state) for run in runs], said)


def _square(run: Mapping[str, Any], state: RunState) -> Square:
    progress = f", epoch {run['epochs_done']} of {run['epochs']}" if state is not RunState.DONE else ""
    css = state.css
    if state is not RunState.DONE and run["epochs_done"]:
        css += f" p{min(9, 10 * run['epochs_done'] // run['epochs'])}"
    return Square(run["run_id"], css, f"{run['model']}, seed {run['seed']}: {state.label}{progress}")


def _plain(text: str) -> str:
    """The text without the marks around commands."""
    return text.replace("`", "")
