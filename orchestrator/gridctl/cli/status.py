"""The read-only commands: `status`, once or with `--watch`, and `list`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gridctl.cli.options import AsJson, ExperimentName, StoreUrl

if TYPE_CHECKING:
    from gridctl.commands.lookup.experiments import Found
    from gridctl.commands.lookup.listing import Listed


def status(
    experiment: ExperimentName = None,
    store: StoreUrl = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Refresh until nothing is active.")] = False,
    runs: Annotated[
        bool, typer.Option("--runs", help="One line per run, with the id that logs, cancel and retry take.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """How far every run is, and why something waits."""
    from gridctl import errors
    from gridctl.commands.lookup.experiments import find_experiment
    from gridctl.terminal import console

    if watch and runs and not as_json:
        raise errors.InputError("--watch has one line per cell", where="--runs", fix="leave out one of the two")
    found = find_experiment(experiment, store)
    if watch and as_json:
        problems = _print_changes(found)
    elif watch:
        console.say(which(found))
        problems = _redraw(found)
    else:
        problems = _print_once(found, as_json=as_json, with_runs=runs)
    if problems:
        raise typer.Exit(errors.RUNS_FAILED)


def _print_once(found: Found, *, as_json: bool, with_runs: bool) -> Sequence[str]:
    """Print the status once, and what of it could not be read."""
    from gridctl import api
    from gridctl.cli.views.status import status_view
    from gridctl.terminal import console

    read = api.status(found, progress=console.on_stderr)
    if as_json:
        console.show_json(read.to_json())
    else:
        console.say(which(found))
        console.stdout_console().print(status_view(read, with_runs=with_runs))
    return read.problems


def list_experiments(
    store: Annotated[
        str | None,
        typer.Option(
            "--store", metavar="URL", help="All experiments of this store.", show_default="those submitted from here"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List experiments, and how many of their runs are done."""
    from gridctl import errors
    from gridctl.commands.lookup.listing import experiments_in, submitted_experiments
    from gridctl.terminal import console

    found = experiments_in(store) if store is not None else submitted_experiments()
    if as_json:
        console.show_json([listed.to_json() for listed in found])
    elif not found:
        console.say("no experiment " + (f"in {store}" if store else "was submitted from this folder"))
    else:
        _show_experiments(found)
    if any(listed.problem for listed in found):
        raise typer.Exit(errors.RUNS_FAILED)


def _show_experiments(found: Sequence[Listed]) -> None:
    import time

    from gridctl.terminal import console
    from gridctl.terminal.tables import Column, FittedTable

    columns = [Column("", names_row=True), Column("experiment", names_row=True), Column("done", numeric=True)]
    columns += [Column("backend", goes=1), Column("submitted", goes=2), Column("store", goes=3)]
    made = FittedTable(columns)
    for listed in found:
        when = console.age(time.time() - listed.submitted_at) if listed.submitted_at is not None else ""
        done = "gone" if listed.gone else "?" if listed.runs is None else f"{listed.done}/{listed.runs}"
        mark = "*" if listed.is_last else ""
        made.add_row(mark, listed.experiment, done, listed.backend, when, listed.store)
    console.stdout_console().print(made)
    console.say_unreadable([f"{listed.experiment}: {listed.problem}" for listed in found if listed.problem])
    for listed in found:
        if listed.gone:
            name = listed.experiment
            console.say(f"gone: {listed.store} holds no experiment {name}; `gridctl delete {name}` forgets it")


def which(found: Found) -> str:
    """Say which experiment the answer is about."""
    import time

    from gridctl.terminal.console import age

    when = f", submitted {age(time.time() - found.submitted_at)}" if found.submitted_at is not None else ""
    return f"experiment {found.experiment.name} in {found.store.url}{when}"


def _redraw(found: Found) -> Sequence[str]:
    """Show the status until nothing is active; what of the last one could not be read."""
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    from gridctl.cli.views.status import status_view
    from gridctl.commands.progress.watch import StatusReading, watch
    from gridctl.terminal import console

    terminal = console.stdout_console()
    last: StatusReading | None = None
    try:
        with Live(console=terminal, auto_refresh=False, transient=True) as live:
            for moment in watch(found):
                last = moment
                shown = [status_view(moment.status, terminal.height if terminal.is_terminal else None)]
                if moment.problem:
                    shown.append(Text(f"this may be old: {moment.problem}", style="yellow"))
                live.update(Group(*shown), refresh=True)
    finally:
        if last is not None:
            terminal.print(status_view(last.status))  # whole, where the screen held only a part
    return last.status.problems if last is not None else ()


def _print_changes(found: Found) -> Sequence[str]:
    """Print one line of JSON whenever something changes; what of the last status could not be read."""
    from gridctl.commands.progress.watch import watch
    from gridctl.terminal import console

    before = ""
    problems: Sequence[str] = ()
    for moment in watch(found):
        line = console.json_text(moment.status.to_json() | {"problem": moment.problem})
        if line != before:
            console.show(line)
            console.flush()
        before = line
        problems = moment.status.problems
    return problems
