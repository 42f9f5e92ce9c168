"""The commands that help to write an experiment file: init, schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridctl.cli import completion
from gridctl.cli.options import StoreUrl, output_path


def init(
    folders: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DATA_FOLDER]...",
            help="Folder or s3://bucket/prefix of ACDC, of Sunnybrook, or of both; by default synthetic hearts.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="File to write; - prints it.", show_default="NAME.yaml"),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the experiment.", show_default="as the folder is called")
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="EXECUTOR",
            help="Where to run: local, kubernetes, or another executor that is installed.",
            autocompletion=completion.executors,
            show_default="local",
        ),
    ] = None,
    store: StoreUrl = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
) -> None:
    """Write a commented experiment file for the data you have."""
    from gridctl.cli.experiment_files import experiment_files
    from gridctl.commands.init import InitOptions, compose
    from gridctl.commands.init_files import SCHEMA_NAME, write, write_schema
    from gridctl.experiment.executor_names import DEFAULT_EXECUTOR
    from gridctl.terminal import console

    to_stdout = output == "-"
    written = compose(
        InitOptions(folders or (), name, backend or DEFAULT_EXECUTOR, store), "" if to_stdout else SCHEMA_NAME
    )
    for note in written.notes:
        console.say(f"note: {note}")
    if to_stdout:
        console.show(written.text)
        return
    path = Path(f"{written.experiment.name}.yaml") if output is None else output_path(output)
    write(written.text, path, force=force)
    if problem := write_schema(path.parent):
        console.say(f"note: editors find no schema: {problem}")
    for line in written.said(path):
        console.say(line)
    there = [str(found) for found in experiment_files(path.parent)]
    if len(there) > 1:
        console.say(f"note: name the file from now on: {len(there)} files in this folder are experiment files")


def schema() -> None:
    """Print the JSON Schema of experiment files, for editors."""
    from gridctl.experiment.reference.json_schema import schema_text
    from gridctl.terminal import console

    console.show(schema_text())
