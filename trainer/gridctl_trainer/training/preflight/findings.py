"""The findings of a preflight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from gridctl_trainer.contract.errors import Problem

Subject = Literal["trainer", "device", "data", "patients", "models"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        kind: A `fact` is as it should be, a `note` is worth knowing, and a `problem` keeps runs from training.
        about: What it is about.
        problem: The finding in words; facts and notes have no fix.
        exit_code: The exit code that runs would end with because of it; 0 for facts and notes.
        runs: The ids of the runs that a problem affects; empty for facts and notes.
    """

    kind: Literal["fact", "note", "problem"]
    about: Subject
    problem: Problem
    exit_code: int = 0
    runs: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The finding as a line of `gridctl-trainer preflight --progress json`."""
        said = {"about": self.about, "what": self.problem.what, "where": self.problem.where, "fix": self.problem.fix}
        return {"event": self.kind, **said, "exit_code": self.exit_code, "runs": list(self.runs)}


@dataclass
class Findings:
    """All findings of a preflight, in the order in which they were found."""

    found: list[Finding] = field(default_factory=list)

    def fact(self, about: Subject, what: str) -> None:
        """Add something that is as it should be."""
        self.found.append(Finding("fact", about, Problem(what)))

    def note(self, about: Subject, what: str, where: str = "") -> None:
        """Add something that is worth knowing before training."""
        self.found.append(Finding("note", about, Problem(what, where)))

    def problem(self, about: Subject, problems: Sequence[Problem], exit_code: int, runs: Sequence[str]) -> None:
        """Add problems with which these runs would fail, each with this exit code."""
        self.found += [Finding("problem", about, problem, exit_code, tuple(runs)) for problem in problems]

    @property
    def problems(self) -> list[Finding]:
        """The findings that keep runs from training."""
        return [finding for finding in self.found if finding.kind == "problem"]
