"""Commands that a reader of the page can paste into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from gridctl.analysis.request import Question
from gridctl_trainer.storage.base import Store


def report_command(experiment: str, store: Store, question: Question, folder: Path | None) -> str:
    """What makes this page again, from any folder.

    Args:
        experiment: Its name.
        store: Where it is.
        question: As it was asked.
        folder: Where the page lies; None if it was printed.
    """
    output = ["-o", str(folder.absolute())] if folder is not None else []
    words = ["gridctl", "report", experiment, "--store", store.url, *_options(question), "--format", "html", *output]
    return shlex.join(words) + ("" if output else " > report.html")


def logs_command(store: Store) -> str:
    """What prints the log of a run; `RUN` stands for its name."""
    return shlex.join(["gridctl", "logs", "RUN", "--store", store.url])


def _options(question: Question) -> Iterator[str]:
    if question.significance:
        yield "--significance"
    if question.unit != "run":
        yield from ("--unit", question.unit)
    if question.score is not None:
        yield from ("--score", question.score)
    for metric in question.metrics or ():
        yield from ("--metric", metric)
    if question.strict_pairs:
        yield "--strict-pairs"
    if question.keep_differing_pairs:
        yield "--keep-differing-pairs"
    if question.seed:
        yield from ("--seed", str(question.seed))
