"""`gridctl report -o DIR`: the report as files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gridctl.errors import InputError
from gridctl.experiment import Experiment
from gridctl.report import FILES, Report, Source, render
from gridctl_trainer.host.atomic_file import replacing

_WIDTH: Final = 120


def write_report(report: Report, source: Source, folder: Path, output_format: str | None) -> Iterator[Path]:
    """Write a report into a folder, which is made if there is none.

    Args:
        report: What to write.
        source: What it was made from.
        folder: Where to; files there of the same names are replaced.
        output_format: The one to write; None writes every one, and the thesis's figures.

    Yields:
        Each file written.

    Raises:
        InputError: The folder cannot be written to.
    """
    formats = [output_format] if output_format else list(FILES)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in formats:
            path = folder / FILES[name]
            with replacing(path) as file:
                file.write(_text(report, name, source).encode())
            yield path
        if output_format is None and report.thesis:
            from gridctl.report.li2020.figures import write_figures

            yield from write_figures(report, folder)
    except OSError as error:
        raise InputError(
            f"cannot write: {error.strerror}", where=error.filename or folder, fix="give another -o DIR"
        ) from None


def undrawn_figures(experiment: Experiment, report: Report) -> Iterator[str]:
    """Why figures of the thesis are not among the files, in a sentence each.

    Args:
        experiment: What it `reproduces`.
        report: Made from it.
    """
    wanted = [name for name in experiment.reproduces if name.startswith("figure-")]
    if not wanted:
        yield "no figures of the thesis: the experiment file names none under `reproduces`"
    drawn = {item.item for item in report.thesis if item.points}
    said = {item.item: item.said for item in report.thesis}
    for item in (name.replace("-", " ") for name in wanted):
        if item not in drawn:
            yield f"{item} is not drawn: {said[item]}"


def _text(report: Report, output_format: str, source: Source) -> str:
    from rich.console import Console

    drawn = io.StringIO()
    console = Console(file=drawn, width=_WIDTH, color_system=None)
    return render(report, output_format, console, source) or drawn.getvalue()
