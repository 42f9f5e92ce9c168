"""The table of `gridctl status`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator.commands.status import CellStatus, RunStatus, Status
from orchestrator.console import count, duration, table
from trainer.contract.errors import first_shown

_COLOURS: Final = {"done": "green", "active": "cyan", "failed": "red", "missing": "yellow"}
_BAR_WIDTH: Final = 8
_WIDE: Final = 100


def status_view(status: Status, width: int) -> RenderableType:
    """The whole picture: a line a cell, what is said of runs that failed or wait, and the sum.

    Args:
        status: Of an experiment.
        width: Of the terminal, in characters.
    """
    parts: list[RenderableType] = [_cells(status.cells, wide=width >= _WIDE)]
    parts += _reasons(status.runs)
    parts += [Text(f"unreadable: {problem}", style="yellow") for problem in first_shown(status.problems)]
    parts.append(_sum(status))
    return Group(*parts)


def _cells(cells: Sequence[CellStatus], *, wide: bool) -> RenderableType:
    states = tuple(_COLOURS)
    with_ablation = any(cell.ablation != "none" for cell in cells)
    # 80 columns hold the bar or the ablation; a terminal that is wider holds both.
    with_bar = wide or not with_ablation
    columns = ["model", "ratio", *(["ablation"] if with_ablation else []), *states, "epochs"]
    columns += [*([""] if with_bar else []), "Dice", "left"]
    made = table(*columns, numeric=("ratio", *states, "epochs", "Dice", "left"))
    if not wide:
        made.padding = 0
    for cell in cells:
        counts = {"done": cell.done, "active": cell.active, "failed": cell.failed, "missing": cell.missing}
        row: list[RenderableType] = [cell.model, f"{cell.train_ratio:g}"]
        if with_ablation:
            row.append(cell.ablation)
        row += [
            Text(str(number) if number else "·", style=_COLOURS[state] if number else "dim")
            for state, number in counts.items()
        ]
        row += [
            f"{cell.epochs_done}/{cell.epochs}",
            *([_bar(cell.epochs_done, cell.epochs)] if with_bar else []),
            "" if cell.validation_dice is None else f"{cell.validation_dice:.3f}",
            _left(cell),
        ]
        made.add_row(*row)
    return made


def _left(cell: CellStatus) -> str:
    if cell.done == cell.done + cell.active + cell.failed + cell.missing:
        return ""
    return "?" if cell.remaining_seconds is None else duration(cell.remaining_seconds)


def _bar(done: int, total: int) -> Text:
    filled = round(_BAR_WIDTH * done / total) if total else 0
    return Text("━" * filled, style="green") + Text("━" * (_BAR_WIDTH - filled), style="bright_black")


def _reasons(runs: Iterable[RunStatus]) -> list[RenderableType]:
    """Each reason once, with the runs it stops."""
    said = Counter((run.state, run.reason) for run in runs if run.reason)
    examples = {(run.state, run.reason): run.run_id for run in reversed(list(runs)) if run.reason}
    lines: list[RenderableType] = []
    for (state, reason), number in said.most_common():
        others = f" and {number - 1} more" if number > 1 else ""
        lines.append(Text.assemble((f"{state}: ", _COLOURS[state]), f"{examples[state, reason]}{others}: {reason}"))
    return lines


def _sum(status: Status) -> Text:
    runs = len(status.runs)
    parts = [f"{number} {state}" for state, number in status.totals.items() if number]
    text = f"{status.experiment}: {count(runs, 'run')}: {', '.join(parts)}"
    if status.gpu_hours:
        text += (
            f"; {status.gpu_hours:.2g} GPU-hours" if status.gpu_hours < 10 else f"; {status.gpu_hours:,.0f} GPU-hours"
        )
    if status.interruptions:
        text += f"; {count(status.interruptions, 'attempt')} interrupted"
    if status.eta_seconds is not None:
        text += f"; about {duration(status.eta_seconds)} left"
    elif status.totals["missing"]:
        text += "; submit again to start or resume the missing ones"
    if status.totals["failed"]:
        text += "; --retry-failed tries the failed ones again"
    return Text(text, style="bold")
