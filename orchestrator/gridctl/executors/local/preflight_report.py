"""How commands show the preflight: its progress, its findings, and every problem at once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Final

from gridctl.errors import InputError, Problem, UnreachableError
from gridctl.executors.check import Check, failed
from gridctl.executors.data_places import data_checks, missing_data
from gridctl.executors.local.installation import require_trainer
from gridctl.executors.local.preflight import Finding, Findings, Shown, preflight
from gridctl.experiment import Experiment
from gridctl.terminal.console import count, duration, say, stderr_console
from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.spec import RunSpec

_FIELDS: Final = ("device", "patients", "models")
"""Kinds of problems that name a field of the experiment; others name a file."""


def look_before_start(experiment: Experiment, runs: Sequence[RunSpec]) -> None:
    """Refuse to start runs that cannot train.

    If some could train and others not, none is started: half a comparison is useless, and the user may want to
    change something that makes all of them new runs.

    Raises:
        InputError: Some run would fail: every reason at once.
        UnreachableError: The only reason is that data in a bucket cannot be reached.
        InterruptedPreflightError: The user stopped it.
    """
    began = time.monotonic()
    with progress() as shown:
        findings = preflight(runs, shown)
    problems = findings.of("problem")
    if not problems:
        say(f"preflight: {_in_short(findings)} ({duration(time.monotonic() - began)})")
    for note in findings.of("note"):
        say(f"note: {note.problem}")
    if not problems:
        return
    stopped = len(findings.stopped_runs)
    could = len(runs) - stopped
    if could:
        say(
            f"note: {could} of {count(len(runs), 'run')} could train, {stopped} could not, none was started; "
            "--no-verify starts all, and each that cannot train fails by itself"
        )
    said = [problem_of(finding, experiment, len(runs)) for finding in problems]
    if all(_is_out_of_reach(finding) for finding in problems):
        raise UnreachableError(said)
    raise InputError(said)


def diagnose(experiment: Experiment) -> Iterator[Check]:
    """The findings of the preflight of all runs, as lines of `gridctl doctor`.

    Raises:
        InterruptedPreflightError: The user stopped it.
    """
    try:
        require_trainer()
    except InputError as fault:
        yield failed("trainer", fault)
        yield from data_checks(experiment)
        return
    try:
        yield from _findings(experiment)
    except InputError as fault:
        yield failed("trainer", fault)


def _findings(experiment: Experiment) -> Iterator[Check]:
    with progress() as shown:
        findings = preflight(experiment.runs, shown)
    missing = missing_data(experiment)
    for about in dict.fromkeys(finding.about for finding in findings.found):
        here = [finding for finding in findings.found if finding.about == about]
        well = [f"note: {item.problem}" if item.kind == "note" else item.problem.what for item in here if not item.runs]
        if well:
            yield Check(about, "ok", "; ".join(well))
        for finding in here:
            if finding.kind == "problem":
                known = missing.get(finding.problem.where) if about == "data" else None
                problem = known or problem_of(finding, experiment, len(experiment.runs))
                said = f"{problem.where}: {problem.what}"
                yield Check(about, "failed", said, problem.fix, unreachable=_is_out_of_reach(finding))


def _is_out_of_reach(finding: Finding) -> bool:
    """Whether only a bucket with data cannot be reached, so that the user made no mistake."""
    return finding.exit_code == exit_codes.BUG and finding.about == "data"


def problem_of(finding: Finding, experiment: Experiment, runs: int) -> Problem:
    """A problem with its line in the experiment file and the number of runs that it stops."""
    problem = finding.problem
    some = f" ({len(finding.runs)} of {count(runs, 'run')})" if len(finding.runs) < runs else ""
    if finding.about not in _FIELDS:
        return Problem(f"{problem.what}{some}", problem.where, problem.fix)
    return experiment.document.problem(tuple(problem.where.split(".")), f"{problem.what}{some}", problem.fix)


@contextlib.contextmanager
def progress() -> Iterator[Shown]:
    """A bar with the remaining time on a terminal, one line per phase elsewhere."""
    console = stderr_console()
    if not console.is_terminal:
        yield _Lines()
        return
    from gridctl_trainer.terminal.progress_bars import phase_bar

    with phase_bar(console, "preflight: ") as shown:
        yield shown


class _Lines:
    def __init__(self) -> None:
        self._phase = ""

    def __call__(self, phase: str, _done: int, total: int) -> None:
        if phase != self._phase:
            self._phase = phase
            say(f"preflight: {phase}" + (f", {total} in all" if total > 1 and phase.startswith("reading") else ""))


def _in_short(findings: Findings) -> str:
    facts = findings.of("fact")
    patients = [fact.problem.what for fact in facts if fact.about == "patients"]
    models = len([fact for fact in facts if fact.about == "models"])
    device = ", ".join(fact.problem.what for fact in facts if fact.about == "device")
    steps = f"{'the model takes' if models == 1 else f'{models} models take'} a step on {device}"
    return "; ".join([*patients, steps])
