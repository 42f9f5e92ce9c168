"""The `gridctl` command: parse, call one function, print, exit code.

Command bodies import their own work, so that `gridctl --help` stays fast.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

from orchestrator import cli_cluster, cli_status, cli_submission
from orchestrator.cli_options import ExperimentName, StoreUrl

app = typer.Typer(
    name="gridctl",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train a grid of models, and say whether one is better than another on little data.",
    epilog="Exit codes: 0 ok, 1 runs failed, 2 invalid input, 3 cluster or store unreachable, 130 interrupted.",
)


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


app.command()(cli_submission.submit)


app.command()(cli_status.status)
app.command("list")(cli_status.list_experiments)


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
    from orchestrator.report import Question, build_report, render

    found = find_experiment(experiment, store)
    console.say(cli_status.which(found))
    question = Question(significance, unit.value, score, metric, strict_pairs)
    built = build_report(found.experiment, collect(found.store, found.experiment.runs), question)
    wanted = ReportFormat.JSON if as_json else output_format
    text = render(built, wanted.value, console.stdout_console())
    if text:
        console.show(text)


app.command()(cli_cluster.logs)
app.command()(cli_cluster.cancel)
app.command()(cli_submission.retry)
app.command()(cli_cluster.delete)
app.command()(cli_submission.render)
app.command()(cli_cluster.doctor)


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
