"""The commands that evaluate: report, plan, export."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridctl.cli import completion
from gridctl.cli.options import AsJson, ExperimentName, Overrides, StoreUrl, output_path, submit_command

if TYPE_CHECKING:
    from gridctl.experiment import Experiment


class ReportFormat(StrEnum):
    """How a report is written."""

    TABLE = "table"
    MARKDOWN = "markdown"
    LATEX = "latex"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


class Unit(StrEnum):
    """What a report counts as one observation."""

    RUN = "run"
    EPOCH = "epoch"


class ExportedTable(StrEnum):
    """What is exported."""

    EPOCHS = "epochs"
    RUNS = "runs"
    FUNCTION = "function"
    CASES = "cases"


def report(
    experiment: ExperimentName = None,
    store: StoreUrl = None,
    significance: Annotated[
        bool,
        typer.Option(
            "--significance",
            help="Paired tests of what the file compares, and of ablations. Implied by --format html, and by -o "
            "without --format, where the file compares anything.",
        ),
    ] = False,
    unit: Annotated[
        Unit,
        typer.Option(help="What counts as one observation; epoch pools all epochs, and its p means nothing."),
    ] = Unit.RUN,
    score: Annotated[
        str | None,
        typer.Option(
            help="How a run's epochs become one score: final, best, mean, last-K.",
            show_default="the file's",
            autocompletion=completion.scores,
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Metric to report. Repeatable.", show_default="the file's", autocompletion=completion.metrics
        ),
    ] = None,
    strict_pairs: Annotated[
        bool, typer.Option("--strict-pairs", help="Leave out pairs whose runs were trained under different conditions.")
    ] = False,
    keep_differing_pairs: Annotated[
        bool,
        typer.Option(
            "--keep-differing-pairs",
            help="Also test pairs whose runs differ in images, split or a plugin's code.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of bootstraps and sampled permutations.")] = 0,
    output_format: Annotated[
        ReportFormat | None,
        typer.Option("--format", help="Output format.", show_default="table; with -o all of them"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            parser=output_path,
            metavar="DIR",
            help="Write files into this folder. Without --format: every format, with the tests, and the figures of "
            "studies that the file `reproduces`.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Scores of every model, and whether their differences may be called significant."""
    from gridctl import api, errors
    from gridctl.analysis.request import compares
    from gridctl.cli.status import which
    from gridctl.commands.lookup.experiments import find_experiment
    from gridctl.terminal import console

    found = find_experiment(experiment, store)
    console.say(which(found))
    wanted = ReportFormat.JSON if as_json else output_format
    on_page = wanted is ReportFormat.HTML or (output is not None and wanted is None)
    result = api.report(
        found,
        significance=significance or (on_page and compares(found.experiment)),
        unit=unit.value,
        score=score,
        metrics=metric,
        strict_pairs=strict_pairs,
        keep_differing_pairs=keep_differing_pairs,
        seed=seed,
        progress=console.on_stderr,
    )
    tables = result.collected
    if output is not None:
        result.save(output, wanted.value if wanted else None, progress=console.on_stderr)
        console.say_unreadable(tables.problems)
    elif wanted in (None, ReportFormat.TABLE):
        result.print(console.stdout_console())
    else:
        console.show_document(result.text(wanted.value, progress=console.on_stderr), wanted.value)
        console.say_unreadable(tables.problems)
    if not result.request.significance and compares(found.experiment) and tables.runs["finished"].any():
        console.say(f"next: {_tests_of(found.experiment, experiment, store)}")
    if tables.problems:
        raise typer.Exit(errors.RUNS_FAILED)


def _tests_of(asked: Experiment, given: str | None, store: str | None) -> str:
    """The command that tests what an experiment compares, and what that is."""
    words = ["gridctl", "report", *([given] if given else []), *(["--store", store] if store else []), "--significance"]
    pairs = [f"{item.model} against {item.against}" for item in asked.compare] or ["ablations against none"]
    named = pairs[0] + (f" and {len(pairs) - 1} more" if len(pairs) > 1 else "")
    return f"{shlex.join(words)} has the tests: {named}"


def plan(
    experiment: ExperimentName = None,
    overrides: Overrides = None,
    store: StoreUrl = None,
    at_once: Annotated[
        int | None,
        typer.Option(
            min=1, help="How many runs train at once.", show_default="on this machine: as many as submit would start"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """GPU-hours and time left, from epochs measured so far, and how many seeds the declared effect needs."""
    from gridctl import errors
    from gridctl.cli.views.plan import plan_view
    from gridctl.commands.planning.plan import make_plan
    from gridctl.terminal import console

    made = make_plan(experiment, overrides or [], store, at_once)
    of_file = experiment is not None and Path(experiment).is_file()
    given = submit_command(Path(experiment) if experiment and of_file else Path("FILE"), overrides or [], store)
    if as_json:
        console.show_json(made.to_json())
    else:
        console.say(f"experiment {made.experiment}")
        console.stdout_console().print(plan_view(made, given))
        console.say_unreadable(made.problems)
    if made.problems:
        raise typer.Exit(errors.RUNS_FAILED)


def export(
    experiment: ExperimentName = None,
    store: StoreUrl = None,
    table: Annotated[
        ExportedTable, typer.Option(help="One row per epoch, per run, per patient of a run, or per score of a case.")
    ] = ExportedTable.EPOCHS,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            parser=output_path,
            metavar="FILE",
            help="File to write.",
            show_default="EXPERIMENT-TABLE.parquet",
        ),
    ] = None,
) -> None:
    """Every epoch of every run as Parquet, or as CSV where the file's name ends so."""
    from gridctl import errors
    from gridctl.cli.status import which
    from gridctl.commands.export import export_table
    from gridctl.commands.lookup.experiments import find_experiment
    from gridctl.terminal import console

    found = find_experiment(experiment, store)
    console.say(which(found))
    path = output or Path(f"{found.experiment.name}-{table.value}.parquet")
    rows, problems = export_table(found, table.value, path)
    console.say(f"{console.count(rows, 'row')} in {path}")
    console.say_unreadable(problems)
    if problems:
        raise typer.Exit(errors.RUNS_FAILED)
