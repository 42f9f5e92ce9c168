"""The API server's own word on Jobs that are not created yet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the API server says of Jobs of one shape.

    Attributes:
        runs: Run ids of that shape.
        problems: Why it refuses, or why its pods would not be created; empty if it accepts.
        warnings: What it warns of.
        unasked: What could not be asked, for lack of rights.
    """

    runs: tuple[str, ...]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()

    def __str__(self) -> str:
        others = f" and {len(self.runs) - 1} more like it" if len(self.runs) > 1 else ""
        said = [f"refused: {problem}" for problem in self.problems] or ["accepted"]
        said += [f"warning: {warning}" for warning in self.warnings]
        said += [f"not asked {text}" for text in self.unasked]
        return f"{self.runs[0]}{others}: {'; '.join(said)}"
