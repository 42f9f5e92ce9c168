"""What a preflight found, collected and passed on as it is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from gridctl_trainer.contract.errors import Problem

Subject = Literal["trainer", "device", "data", "patients", "models"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing.

    Attributes:
        kind: A `fact` is as it should be, a `note` is worth knowing, a `problem` keeps runs from training.
        about: What it is about.
        problem: In words; a fact and a note have no fix.
        exit_code: That a run would end with because of it; 0 if it would not.
        runs: Run ids that it is about; of problems alone.
    """

    kind: Literal["fact", "note", "problem"]
    about: Subject
    problem: Problem
    exit_code: int = 0
    runs: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """As a line of `gridctl-trainer preflight --progress json`."""
        said = {"about": self.about, "what": self.problem.what, "where": self.problem.where, "fix": self.problem.fix}
        return {"event": self.kind, **said, "exit_code": self.exit_code, "runs": list(self.runs)}


@dataclass
class Findings:
    """All of a preflight, in the order found."""

    found: list[Finding] = field(default_factory=list)

    def fact(self, about: Subject, what: str) -> None:
        """Something is as it should be."""
        self.found.append(Finding("fact", about, Problem(what)))

    def note(self, about: Subject, what: str, where: str = "") -> None:
        """Something is worth knowing before training."""
        self.found.append(Finding("note", about, Problem(what, where)))

    def problem(self, about: Subject, problems: Sequence[Problem], exit_code: int, runs: Sequence[str]) -> None:
        """Runs would fail, each with this exit code."""
        self.found += [Finding("problem", about, problem, exit_code, tuple(runs)) for problem in problems]

    @property
    def problems(self) -> list[Finding]:
        """Those that keep runs from training."""
        return [finding for finding in self.found if finding.kind == "problem"]
