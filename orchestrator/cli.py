"""The `gridctl` command: parse, call one function, print, exit code.

Command bodies import their own work, so that `gridctl --help` stays fast.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.backends.port import Outcome
    from orchestrator.commands.status import Status
    from orchestrator.commands.submit import Prepared

app = typer.Typer(
    name="gridctl",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train a grid of models, and say whether one is better than another on little data.",
    epilog="Exit codes: 0 ok, 1 runs failed, 2 invalid input, 3 cluster or store unreachable, 130 interrupted.",
)


class BackendName(StrEnum):
    """Where attempts execute."""

    LOCAL = "local"
    KUBERNETES = "kubernetes"


class ReportFormat(StrEnum):
    """How a report is written."""

    TABLE = "table"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"


class Unit(StrEnum):
    """What a report counts as one observation."""

    RUN = "run"
    EPOCH = "epoch"


ExperimentFile = Annotated[
    Path, typer.Argument(metavar="EXPERIMENT.yaml", help="The experiment file.", show_default=False)
]
ExperimentName = Annotated[
    str | None,
    typer.Argument(
        metavar="[EXPERIMENT]", help="Name or file of an experiment; by default the one last submitted from here."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override a field, such as data.acdc=PATH. Repeatable."),
]
StoreUrl = Annotated[
    str | None, typer.Option("--store", metavar="URL", help="s3://bucket/prefix or a folder.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from orchestrator.console import show

        show(f"gridctl {version('gridctl')}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options of every command."""
    if debug:
        os.environ["GRIDCTL_DEBUG"] = "1"


@app.command()
def submit(
    experiment: ExperimentFile,
    overrides: Overrides = None,
    backend: Annotated[BackendName | None, typer.Option(help="Where to run, instead of the file's.")] = None,
    store: StoreUrl = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Runs at once, on the local backend.", show_default="cores / threads a run"),
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed runs again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start every run that is missing; finished ones are skipped, active ones left."""
    from orchestrator import console
    from orchestrator.commands.submit import prepare, write_specifications
    from orchestrator.experiment import load_experiment
    from orchestrator.submitted import remember
    from trainer.contract.store import open_store

    given = [*(overrides or [])]
    given += [f"backend={backend}"] if backend else []
    given += [f"store={store}"] if store else []
    loaded = load_experiment(experiment, given)
    prepared = prepare(loaded, open_store(loaded.store), retry_failed=retry_failed)
    plan = prepared.plan
    parts = {"create": plan.create, "retry": plan.retry, "skip": plan.skip, "leave": plan.leave, "failed": plan.failed}
    if dry_run:
        if as_json:
            console.show_json({name: [run.run_id for run in runs] for name, runs in parts.items()})
        else:
            for name, runs in parts.items():
                for run in runs:
                    console.show(f"{name:<7} {run.run_id}")
            console.say(_plan_line(prepared))
        return
    console.say(_plan_line(prepared))
    write_specifications(prepared)
    remember(loaded.name, prepared.store.url, loaded.backend)
    outcome = _start(prepared, workers)
    if as_json:
        console.show_json({"done": outcome.done, "failed": dict(outcome.failed), "interrupted": outcome.interrupted})
    _finish_submit(prepared, outcome)


def _plan_line(prepared: Prepared) -> str:
    from orchestrator.console import count

    plan = prepared.plan
    said = [
        (len(plan.create), "to start"),
        (len(plan.retry), "to retry"),
        (len(plan.skip), "done already"),
        (len(plan.leave), "active already"),
        (len(plan.failed), "failed (--retry-failed tries again)"),
    ]
    runs = count(len(prepared.experiment.runs), "run")
    parts = ", ".join(f"{number} {what}" for number, what in said if number)
    return f"{prepared.experiment.name}: {runs}: {parts}; store {prepared.store.url}"


def _start(prepared: Prepared, workers: int | None) -> Outcome:
    from orchestrator import console
    from orchestrator.backends.choice import open_backend
    from orchestrator.backends.local import LocalBackend
    from orchestrator.backends.local.bars import display
    from orchestrator.backends.port import Outcome

    runs = prepared.plan.to_do
    if not runs:
        return Outcome()
    if prepared.experiment.backend != "local":
        return open_backend(prepared.experiment.backend, prepared.experiment, prepared.store).start(runs)
    at_once = LocalBackend(prepared.store, workers=workers).workers_for(runs)
    with display(runs, at_once, console.stderr_console()) as watcher:
        return LocalBackend(prepared.store, workers=workers, watcher=watcher).start(runs)


def _finish_submit(prepared: Prepared, outcome: Outcome) -> None:
    from orchestrator import console, errors

    by_message: dict[str, list[str]] = {}
    for run_id, message in outcome.failed.items():
        by_message.setdefault(message.removeprefix("not tried: "), []).append(run_id)
    for message, run_ids in by_message.items():
        others = f" and {len(run_ids) - 1} more" if len(run_ids) > 1 else ""
        console.say(f"failed: {run_ids[0]}{others}: {message}")
    if outcome.interrupted:
        console.say("interrupted; the same command goes on from the last checkpoints")
        raise typer.Exit(errors.INTERRUPTED)
    if outcome.failed or prepared.plan.failed:
        raise typer.Exit(errors.RUNS_FAILED)
    console.say("next: gridctl status, gridctl report --significance")


@app.command()
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

    found = find_experiment(experiment, store)
    if as_json:
        console.show_json(read_status(found).to_json())
        return
    from orchestrator.commands.status_view import status_view

    console.say(_which(found.experiment.name, found.store.url, found.submitted_at))
    if watch:
        _watch(lambda: read_status(found))
    else:
        console.stdout_console().print(status_view(read_status(found)))


def _watch(read: Callable[[], Status]) -> None:
    import time

    from rich.live import Live

    from orchestrator import console
    from orchestrator.commands.status_view import status_view

    with Live(console=console.stdout_console(), auto_refresh=False) as live:
        while True:
            now = read()
            live.update(status_view(now), refresh=True)
            if not now.totals["active"]:
                return
            time.sleep(2)


def _which(name: str, store: str, submitted_at: float | None) -> str:
    import time

    from orchestrator.console import age

    when = f", submitted {age(time.time() - submitted_at)}" if submitted_at is not None else ""
    return f"experiment {name} in {store}{when}"


@app.command()
def report(
    experiment: ExperimentName = None,
    store: StoreUrl = None,
    significance: Annotated[
        bool, typer.Option("--significance", help="Paired tests of what the file compares.")
    ] = False,
    unit: Annotated[
        Unit, typer.Option(help="What counts as one observation; epoch repeats the thesis's pooling.")
    ] = Unit.RUN,
    score: Annotated[
        str | None,
        typer.Option(help="How a run's epochs become one score: final, best, mean, last-K.", show_default="the file's"),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="Metric to report. Repeatable.", show_default="the file's")
    ] = None,
    strict_pairs: Annotated[
        bool, typer.Option("--strict-pairs", help="Leave out pairs whose halves ran under unlike conditions.")
    ] = False,
    output_format: Annotated[ReportFormat, typer.Option("--format", help="How to write it.")] = ReportFormat.TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Scores of every model, and whether their differences may be called significant."""
    from orchestrator import console
    from orchestrator.collect import collect
    from orchestrator.commands.find import find_experiment
    from orchestrator.report import build_report, render

    found = find_experiment(experiment, store)
    console.say(_which(found.experiment.name, found.store.url, found.submitted_at))
    built = build_report(
        found.experiment,
        collect(found.store, found.experiment.runs),
        significance=significance,
        unit=unit.value,
        score=score,
        metrics=metric,
        strict_pairs=strict_pairs,
    )
    wanted = ReportFormat.JSON if as_json else output_format
    text = render(built, wanted.value, console.stdout_console())
    if text:
        console.show(text)


def main() -> None:
    """Run a command; a fault becomes its message and exit code, a bug one line unless `--debug` is given."""
    from trainer.contract.errors import Fault

    try:
        app(standalone_mode=True)
    except Fault as fault:
        if os.environ.get("GRIDCTL_DEBUG"):
            raise
        from orchestrator.console import show_error
        from orchestrator.errors import exit_code_of

        show_error(fault)
        sys.exit(exit_code_of(fault))
    except BrokenPipeError:  # `gridctl status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("GRIDCTL_DEBUG"):
            raise
        sys.stderr.write(
            f"error: a bug in gridctl: {type(error).__name__}: {error}\n"
            "  run it again as `gridctl --debug ...` and report what it shows\n"
        )
        sys.exit(_BUG)


_BUG = 70


if __name__ == "__main__":
    main()
