"""The table of `gridctl status`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from gridctl.collection.outside_grid import bring_back
from gridctl.commands.progress.status import CellStatus, RunStatus, Status
from gridctl.runs.shared_cause import SharedCause, without_run
from gridctl.runs.state import ACTIVE, TO_SUBMIT, RunState
from gridctl.terminal.console import count, duration, training_time
from gridctl.terminal.tables import Column, FittedTable
from gridctl_trainer.contract.errors import SHOWN_PROBLEMS, first_shown

_BAR_WIDTH: Final = 8
_SUM_LINES: Final = 12
"""Lines of a screen for the header, the sums, and the notes below the table."""


def status_view(status: Status, height: int | None = None, *, with_runs: bool = False) -> RenderableType:
    """One line per cell, the reasons of runs that failed or wait, and the sum.

    Args:
        status: Of an experiment.
        height: Lines of a screen that it has to fit in; None to show every cell.
        with_runs: One line per run instead of one line per cell.
    """
    cells = status.cells if height is None or with_runs else _that_fit(status.cells, max(3, height - _SUM_LINES))
    parts: list[RenderableType] = [runs_view(status) if with_runs else _table(status, cells)]
    if hidden := len(status.cells) - len(cells):
        parts.append(Text(f"and {count(hidden, 'more row')}: `gridctl status` shows all", style="dim"))
    cause = status.shared_cause
    parts += _reasons(run for run in status.runs if cause is None or run.run_id not in cause.runs)
    parts += [_caused(status, cause)] if cause else []
    parts += [Text(f"unreadable: {problem}", style="yellow") for problem in first_shown(status.problems)]
    parts += [_outside(status)] if status.others and height is None else []
    # A screen that is too small cuts off the end; in plain output the last lines are the ones that are read.
    parts.insert(len(parts) if height is None else 0, _sum(status))
    return Group(*parts)


def runs_view(status: Status) -> RenderableType:
    """One line per run, in the order of the grid: its name is what `logs`, `cancel` and `retry` take."""
    columns = [Column("run", names_row=True), Column("state")]
    columns += [Column("epochs", numeric=True, goes=1), Column(status.shown_label, numeric=True, goes=2)]
    columns += [Column("attempts", numeric=True, goes=3)]
    made = FittedTable(columns)
    for run in status.runs:
        state = RunState(run.state)
        epochs = f"{run.epochs_done}/{run.epochs}"
        made.add_row(
            run.run_id, Text(state.label, style=state.colour), epochs, _score(status, run.scores), str(run.attempts)
        )
    return made


def _that_fit(cells: Sequence[CellStatus], room: int) -> list[CellStatus]:
    """As many cells as there is room for, in their order; active cells come first."""
    eventful = sorted(range(len(cells)), key=lambda index: (-_events(cells[index]), index))
    return [cells[index] for index in sorted(eventful[:room])]


def _events(cell: CellStatus) -> int:
    eventful = (RunState.STALLED, RunState.FAILED, RunState.RUNNING)
    return 2 * bool(_in_any(cell, eventful)) + bool(_in_any(cell, (*ACTIVE, *TO_SUBMIT)))


def _in_any(cell: CellStatus, states: Iterable[RunState]) -> int:
    return sum(cell.states[state.value] for state in states)


def _table(status: Status, cells: Sequence[CellStatus]) -> RenderableType:
    """A column for each state that some run is in."""
    states = [state for state in RunState if status.totals[state.value] or state is RunState.DONE]
    with_ablation = any(cell.ablation != "none" for cell in status.cells)
    columns = [Column("model", names_row=True), Column("ratio", numeric=True, names_row=True)]
    columns += [Column("ablation", names_row=True)] if with_ablation else []
    columns += [Column(state.label, numeric=True) for state in states]
    columns += [Column("epochs", numeric=True, goes=1), Column("", goes=4)]
    columns += [Column(status.shown_label, numeric=True, goes=2), Column("left", numeric=True, goes=3)]
    made = FittedTable(columns)
    for cell in cells:
        made.add_row(
            cell.model,
            f"{cell.train_ratio:g}",
            *([cell.ablation] if with_ablation else []),
            *(_number(state, cell.states[state.value]) for state in states),
            f"{cell.epochs_done}/{cell.epochs}",
            _bar(cell.epochs_done, cell.epochs),
            _score(status, cell.scores),
            _left(cell),
        )
    return made


def _score(status: Status, scores: Mapping[str, float]) -> str:
    """The mean of those that are shown; empty where there is none."""
    values = [scores[name] for name in status.shown if name in scores]
    return f"{sum(values) / len(values):.3f}" if values else ""


def _number(state: RunState, number: int) -> Text:
    return Text(str(number), style=state.colour) if number else Text("·", style="dim")


def _left(cell: CellStatus) -> str:
    if not _in_any(cell, (state for state in RunState if state is not RunState.DONE)):
        return ""
    return "?" if cell.remaining_seconds is None else duration(cell.remaining_seconds)


def _bar(done: int, total: int) -> Text:
    filled = round(_BAR_WIDTH * done / total) if total else 0
    return Text("━" * filled, style="green") + Text("─" * (_BAR_WIDTH - filled), style="bright_black")


def _caused(status: Status, cause: SharedCause) -> Text:
    """What stopped the first runs, said once, and how to keep it from stopping the others."""
    failed = RunState.FAILED
    others = f" and {len(cause.runs) - 1} more"
    text = Text.assemble((f"{failed.label}: ", failed.colour), f"{cause.runs[0]}{others}: {cause.message}")
    active = sum(1 for run in status.runs if RunState(run.state) in ACTIVE and cause.concerns(run.model))
    if active:
        said = f"{count(active, 'run')} more{f' of {cause.model}' if cause.model else ''} may fail for the same reason"
        text.append(f"\n  {said}: `gridctl cancel {status.experiment}` stops what is active", style="cyan")
    return text


def _reasons(runs: Iterable[RunStatus]) -> list[RenderableType]:
    """Each reason once, with its runs: two reasons that differ only in a run's name are one."""
    known_runs = [run for run in runs if run.reason]
    said = Counter((run.state, without_run(run.reason)) for run in known_runs)
    examples = {(run.state, without_run(run.reason)): run for run in reversed(known_runs)}
    lines: list[RenderableType] = []
    for alike, number in said.most_common(SHOWN_PROBLEMS):
        others = f" and {number - 1} more" if number > 1 else ""
        first = examples[alike]
        known = RunState(first.state)
        lines.append(Text.assemble((f"{known.label}: ", known.colour), f"{first.run_id}{others}: {first.reason}"))
    if len(said) > SHOWN_PROBLEMS:
        lines.append(Text(f"... and {len(said) - SHOWN_PROBLEMS:,} more reasons: --json has all of them"))
    return lines


def _outside(status: Status) -> Text:
    """Finished runs that are in no line, and how to see them again."""
    verb, them = ("is", "it") if status.others == 1 else ("are", "them")
    why = f" ({status.outside})" if status.outside else ""
    said = f"{count(status.others, 'finished run')} of the store {verb} not in this grid{why}: {bring_back(them)}"
    return Text(said, style="dim")


def _sum(status: Status) -> Text:
    runs = len(status.runs)
    parts = [f"{status.totals[state.value]} {state.label}" for state in RunState if status.totals[state.value]]
    text = f"{status.experiment}: {count(runs, 'run')}: {', '.join(parts)}"
    if status.gpu_hours:
        text += f"; {training_time(3600 * status.gpu_hours, on_gpu=True)}"
    if status.interruptions:
        text += f"; {count(status.interruptions, 'attempt')} interrupted"
    if status.eta_seconds is not None:
        text += f"; about {duration(status.eta_seconds)} left"
    if status.earlier_version:
        return Text(
            f"{text}; an earlier version of gridctl trained it, and none of it is trained any more", style="bold"
        )
    if waiting := sum(status.totals[state.value] for state in TO_SUBMIT):
        text += f"; the same submit starts or resumes {'it' if waiting == 1 else 'them'}"
    if status.totals[RunState.FAILED.value]:
        text += "; --retry-failed tries the failed ones again"
    return Text(text, style="bold")
