"""The command that scores masks which no run of an experiment made."""

from __future__ import annotations

from typing import Annotated

import typer

from gridctl.cli import completion
from gridctl_trainer.terminal import score_options


def score(
    predictions: score_options.Predictions,
    truth: score_options.Truth,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=score_options.DATASET_HELP, autocompletion=completion.datasets),
    ] = None,
    labels: score_options.Labels = None,
    truth_labels: score_options.TruthLabels = None,
    pattern: score_options.Pattern = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help=score_options.METRIC_HELP,
            show_default="all",
            autocompletion=completion.case_metrics,
        ),
    ] = None,
    output: score_options.OutputFile = None,
    as_json: score_options.AsJson = False,
) -> None:
    """Score any masks against the truth: overlap, surface distances in mm, volumes, ejection fraction.

    Exits with 1 if some cases could not be scored; the others are.
    """
    from gridctl.cli.options import output_path
    from gridctl.executors.trainer_command import run_trainer_command
    from gridctl_trainer.contract.location import read_folder

    given = {
        "--dataset": dataset,
        "--labels": labels,
        "--truth-labels": truth_labels,
        "--pattern": pattern,
        "--output": None if output is None else str(output_path(output)),
    }
    options = [f"{name}={value}" for name, value in given.items() if value is not None]
    options += [f"--metric={name}" for name in metrics or ()]
    options += ["--json"] if as_json else []
    places = [str(read_folder(predictions, "PREDICTIONS")), str(read_folder(truth, "TRUTH"))]
    raise typer.Exit(run_trainer_command(["score", *options, "--", *places]))
