"""`python -m trainer data ...`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Make synthetic data.")


@app.callback()
def commands() -> None:
    """Make synthetic data."""


@app.command()
def phantom(
    out: Annotated[Path, typer.Argument(help="Folder to write; it must not be there yet.")],
    patients: Annotated[int, typer.Option(min=2, max=999, help="Patients in ACDC's format.")] = 12,
    generalisation_patients: Annotated[int, typer.Option(min=1, max=99, help="Patients in Sunnybrook's format.")] = 4,
    slices: Annotated[int, typer.Option(min=1, max=20, help="Slices of each heart.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 1,
) -> None:
    """Write a synthetic set of beating hearts in the formats of ACDC and Sunnybrook."""
    from rich.console import Console
    from rich.progress import Progress

    from trainer.data.phantom import PhantomOptions, write_phantom

    options = PhantomOptions(patients, generalisation_patients, slices, seed)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("drawing hearts", total=patients + generalisation_patients)
        written = write_phantom(out, options, lambda done, total: progress.update(task, completed=done, total=total))
    said = "wrote" if written else "there already:"
    sys.stderr.write(
        f"{said} {patients} patients to {out / 'acdc'}, {generalisation_patients} to {out / 'sunnybrook'}\n"
    )
