"""Runs `gridctl-trainer preflight`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.signals import StoppedError, StopSignal
from gridctl_trainer.plugins.class_path import extend_import_path
from gridctl_trainer.training.preflight.grid import Preflight
from gridctl_trainer.training.preflight.reporting import JsonLines, Text
from gridctl_trainer.training.spec_source import read_specification


def preflight(locations: Sequence[str], *, as_json: bool, stop: StopSignal) -> int:
    """Check everything that the runs of these specifications need.

    Args:
        locations: Files or URLs; `-` for standard input, with one specification per line.
        as_json: Whether to write JSON lines for a program.
        stop: Ends the check when a stop is requested.

    Returns:
        0, or the exit code with which a run would end because of the first problem; 143 if it was stopped.

    Raises:
        SpecError: A specification cannot be read.
        StoreError: The store that holds a specification cannot be reached.
    """
    runs = [run for location in locations for run in _read(location)]
    extend_import_path([folder for run in runs for folder in run.plugin_path])
    reporter = JsonLines(sys.stdout) if as_json else Text(sys.stdout.write, with_bar=sys.stderr.isatty())
    try:
        findings = Preflight(runs, reporter, stop).run()
        reporter.findings(findings.found)
    except StoppedError:
        return exit_codes.STOPPED
    finally:
        reporter.close()
    return next((problem.exit_code for problem in findings.problems), exit_codes.DONE)


def _read(location: str) -> list[RunSpec]:
    if location != "-":
        return [read_specification(location)]
    lines = enumerate(sys.stdin.buffer, 1)
    found = [RunSpec.from_json(line, where=f"standard input:{number}") for number, line in lines if line.strip()]
    if not found:
        raise SpecError("there is no specification", where="standard input", fix="give one per line, as JSON")
    return found
