"""Arguments and options that several commands share."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from gridctl.cli import completion
from gridctl_trainer.terminal.completion import is_completing


def output_path(text: str) -> Path:
    """A file or folder to write: never a bucket, which would become a folder of that name.

    Raises:
        LocationError: It is not a path.
    """
    from gridctl_trainer.contract.location import read_folder

    return read_folder(text, "--output")


def submit_command(file: Path, overrides: Iterable[str], store: str | None = None, backend: str | None = None) -> str:
    """`gridctl submit` with the options of this command, to paste into a shell; without seeds, which a hint adds."""
    words = ["gridctl", "submit", str(file)]
    for override in overrides:
        if override.partition("=")[0] != "seeds":
            words += ["--set", override]
    for option, value in (("--backend", backend), ("--store", store)):
        if value is not None:
            words += [option, str(value)]
    return shlex.join(words)


def _only_file() -> Path:
    """The only experiment file here, for commands that were given none; shell completion needs none."""
    if is_completing("gridctl"):
        return Path()
    from gridctl.cli.experiment_files import only_experiment_file

    return only_experiment_file()


ExperimentFile = Annotated[
    Path,
    typer.Argument(
        metavar="EXPERIMENT.yaml",
        default_factory=_only_file,
        autocompletion=completion.files,
        help="The experiment file.",
        show_default="the only one in this folder",
    ),
]
ExperimentName = Annotated[
    str | None,
    typer.Argument(
        metavar="EXPERIMENT",
        help="Name or file of an experiment; by default the one last submitted from here.",
        autocompletion=completion.experiments,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        autocompletion=completion.keys,
        help="Override a field, such as data.train.path=PATH. Text fields take VALUE literally (null unsets an "
        "optional one); others take YAML: numbers, true, [lists]. Repeatable.",
    ),
]
BackendName = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="EXECUTOR",
        help="Where to run, instead of the file's: local, kubernetes, or another executor that is installed.",
        autocompletion=completion.executors,
        show_default=False,
    ),
]
StoreUrl = Annotated[
    str | None, typer.Option("--store", metavar="URL", help="s3://bucket/prefix or a folder.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]
RunNames = Annotated[
    list[str] | None,
    typer.Option(
        "--run",
        metavar="RUN",
        autocompletion=completion.runs,
        help="Only this run: its id, or the beginning of it. Repeatable.",
    ),
]
ExperimentOfRun = Annotated[
    str | None,
    typer.Option(
        "--experiment",
        "-e",
        help="Its experiment.",
        show_default="as the id begins",
        autocompletion=completion.experiments,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]

WithPreflight = Annotated[
    bool,
    typer.Option(
        "--preflight/--no-preflight",
        help="On this machine: have the trainer check device, data and models.",
    ),
]
