"""Commands that a reader of the page can paste into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from gridctl.analysis.request import PredictionFile, ReportRequest
from gridctl_trainer.storage.base import Store


def report_command(experiment: str, store: Store, request: ReportRequest, folder: Path | None) -> str:
    """What makes this page again, from any folder.

    Args:
        experiment: Its name.
        store: Where it is.
        request: As it was asked.
        folder: Where the page lies; None if it was printed.
    """
    output = ["-o", str(folder.absolute())] if folder is not None else []
    words = ["gridctl", "report", experiment, "--store", store.url, *_options(request), "--format", "html", *output]
    return shlex.join(words) + ("" if output else " > report.html")


def logs_command(store: Store) -> str:
    """What prints the log of a run; `RUN` stands for its name."""
    return shlex.join(["gridctl", "logs", "RUN", "--store", store.url])


def _file(side: PredictionFile) -> str:
    return f"{side.name}={Path(side.file).absolute()}"


def _options(request: ReportRequest) -> Iterator[str]:
    if request.significance:
        yield "--significance"
    if request.unit != "run":
        yield from ("--unit", request.unit)
    if request.score is not None:
        yield from ("--score", request.score)
    for metric in request.metrics or ():
        yield from ("--metric", metric)
    if request.strict_pairs:
        yield "--strict-pairs"
    if request.keep_differing_pairs:
        yield "--keep-differing-pairs"
    for side in request.of:
        yield from ("--model", side if isinstance(side, str) else _file(side))
    for file in request.against:
        yield from ("--against", _file(file))
    if request.seed:
        yield from ("--seed", str(request.seed))
