"""Runs the real `gridctl`, each call in a separate process and on a separate experiment file."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.forked_commands import CompletedCall, ForkedCommand


@dataclass
class Gridctl:
    """Runs commands in one folder.

    Attributes:
        folder: Where commands run; it holds `experiment.yaml`.
        forked: Starts the commands, so that a test that calls them repeatedly leaves the processors to the pods.
        environment: Changes to the environment.
    """

    folder: Path
    forked: ForkedCommand
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str) -> CompletedCall:
        return self.forked(arguments, self.folder, {**os.environ, **self.environment})

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "gridctl", *arguments]

    def json(self, *arguments: str) -> Any:
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def totals(self) -> Counter[str]:
        """Number of runs in each state, without states that no run is in."""
        totals: dict[str, int] = self.json("status")["totals"]
        return Counter({state: number for state, number in totals.items() if number})


def one_message(done: CompletedCall, *said: str) -> None:
    """Exit code 3, and one error that says what is wrong and what to do."""
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("error: ") == 1, done.stderr
    for words in said:
        assert words in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.rstrip().splitlines()[-1].startswith("  "), "what to do next"
