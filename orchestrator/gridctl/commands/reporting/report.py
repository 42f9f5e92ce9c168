"""`gridctl report -o DIR`: the report as files."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from gridctl.errors import InputError
from gridctl.experiment.study_registry import STUDIES
from gridctl.report import FILES, Report, Source, render
from gridctl.report.renderers.csv_and_json import side_tables
from gridctl.report.study import StudyComparison
from gridctl_trainer.host.atomic_file import replacing

_WIDTH: Final = 120


def write_report(
    report: Report,
    source: Source,
    folder: Path,
    output_format: str | None,
    studies: Mapping[str, StudyComparison] | None = None,
) -> Iterator[Path]:
    """Write a report into a folder, which is made if there is none.

    Args:
        report: What to write.
        source: What it was made from.
        folder: Where to; files there of the same names are replaced.
        output_format: The one to write; None writes every one, and the studies' figures.
        studies: By name; each draws the figures of its section.

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
                file.write(document(report, name, source).encode())
            yield path
            for table, text in side_tables(report).items() if name == "csv" else ():
                with replacing(folder / table) as file:
                    file.write(text.encode())
                yield folder / table
        for section in report.studies if output_format is None else ():
            if study := (studies or {}).get(section.study):
                yield from study.draw(section, folder)
    except OSError as error:
        raise InputError(
            f"cannot write: {error.strerror}", where=error.filename or folder, fix="give another -o DIR"
        ) from None


def undrawn_figures(report: Report) -> Iterator[str]:
    """Why figures of studies are not among the files, one sentence each.

    Args:
        report: What was written.
    """
    figures = [item for section in report.studies for item in section.items if item.x_axis]
    if not figures and STUDIES:
        yield "no figures of a published study: the experiment file names none under `reproduces`"
    for figure in figures:
        if not figure.points:
            yield f"{figure.item} is not drawn: {figure.said}"


def document(report: Report, output_format: str, source: Source | None = None) -> str:
    """The text of one file of a report.

    Args:
        report: What to write.
        output_format: One of `FILES`.
        source: What it was made from; the page needs it.
    """
    from rich.console import Console

    drawn = io.StringIO()
    console = Console(file=drawn, width=_WIDTH, color_system=None)
    return render(report, output_format, console, source) or drawn.getvalue()
