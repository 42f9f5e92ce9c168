"""The command `status`, once or followed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli_options import AsJson, ExperimentName, StoreUrl

if TYPE_CHECKING:
    from orchestrator.commands.find import Found


def status(
    experiment: ExperimentName = None,
    store: StoreUrl = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show again until nothing is active.")] = False,
    as_json: AsJson = False,
) -> None:
    """How far every run is, and why something waits."""
    from orchestrator import console
    from orchestrator.commands.find import find_experiment
    from orchestrator.commands.status import read_status
    from orchestrator.commands.status_view import status_view

    found = find_experiment(experiment, store)
    if watch and as_json:
        _print_changes(found)
    elif as_json:
        console.show_json(read_status(found).to_json())
    else:
        console.say(which(found))
        if watch:
            _redraw(found)
        else:
            console.stdout_console().print(status_view(read_status(found)))


def which(found: Found) -> str:
    """Which experiment an answer is about."""
    import time

    from orchestrator.console import age

    when = f", submitted {age(time.time() - found.submitted_at)}" if found.submitted_at is not None else ""
    return f"experiment {found.experiment.name} in {found.store.url}{when}"


def _redraw(found: Found) -> None:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    from orchestrator import console
    from orchestrator.commands.status_view import status_view
    from orchestrator.commands.watch import watch

    with Live(console=console.stdout_console(), auto_refresh=False) as live:
        for moment in watch(found):
            shown = [status_view(moment.status)]
            if moment.problem:
                shown.append(Text(f"this may be old: {moment.problem}", style="yellow"))
            live.update(Group(*shown), refresh=True)


def _print_changes(found: Found) -> None:
    """A line of JSON whenever something is another than before."""
    from orchestrator import console
    from orchestrator.commands.watch import watch

    before = ""
    for moment in watch(found):
        line = json.dumps(moment.status.to_json() | {"problem": moment.problem}, ensure_ascii=False, allow_nan=False)
        if line != before:
            console.show(line)
            console.flush()
        before = line
