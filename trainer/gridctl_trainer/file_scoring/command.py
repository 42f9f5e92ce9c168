"""Runs `gridctl-trainer score`: turns arguments into tables, files and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import DataError, SpecError
from gridctl_trainer.contract.secrets import masked
from gridctl_trainer.contract.wording import count
from gridctl_trainer.file_scoring.output import json_text, writer_for
from gridctl_trainer.file_scoring.request import ScoreRequest, prepare
from gridctl_trainer.file_scoring.view import print_scorecard
from gridctl_trainer.terminal.progress_bars import bar

_NOT_ALL = exit_codes.BUG
"""Exit code 1, if some cases were not scored."""


def score(wanted: ScoreRequest, output: Path | None, *, json_wanted: bool) -> int:
    """Score masks and show the scorecard.

    Args:
        wanted: What to score, and against what.
        output: File to write as well; None for none.
        json_wanted: Whether to print JSON instead of tables.

    Returns:
        0, or 1 if some cases could not be scored; each of them is named on standard error.

    Raises:
        Fault: Nothing could be scored, because the arguments are wrong.
    """
    write = None if output is None else writer_for(output)
    try:
        prepared = prepare(wanted, lambda text: _say(f"note: {text}"))
    except DataError as fault:  # it concerns a whole folder, so nothing can be scored
        raise SpecError(fault.problems) from None
    scoring = prepared.scoring
    with bar(Console(stderr=True), "scoring") as progress:
        scoring.score_patients(prepared.patients, lambda done: progress(done, prepared.total))
    if write is not None:
        write(scoring, wanted.predictions, wanted.truth)
        _say(f"wrote {output}")
    if json_wanted:
        sys.stdout.write(json_text(scoring, wanted.predictions, wanted.truth))
    elif scoring.records:
        console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
        print_scorecard(scoring.records, {metric.name: metric.info for metric in scoring.metrics}, console)
    for problem in scoring.problems:
        _say(f"error: {problem}")
    if scoring.trained_on:
        _say(f"note: {_trained_on(scoring.trained_on)}")
    patients = len({record.patient for record in scoring.records})
    missing = f"; {count(scoring.missing, 'case')} not scored" if scoring.missing else ""
    _say(f"scored {count(scoring.scored, 'case')} of {count(patients, 'patient')}{missing}")
    return _NOT_ALL if scoring.missing else exit_codes.DONE


_NAMED = 5
"""Number of patients that are listed individually."""

_WIDTH = 160
"""Width of tables that are not shown on a terminal."""


def _trained_on(found: Mapping[str, Sequence[str]]) -> str:
    named = [f"{patient} by {', '.join(runs)}" for patient, runs in found.items()]
    more = f"; and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return (
        f"{count(len(named), 'patient')} trained on: {'; '.join(named[:_NAMED])}{more}. Their scores do not show how "
        "the model does on new patients, and gridctl report --against refuses them"
    )


def _say(text: str) -> None:
    sys.stderr.write(f"{masked(text)}\n")
