"""Reports errors of `gridctl-trainer`: the message, for a person and for Kubernetes, and the exit code."""

from __future__ import annotations

import sys

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import Fault, StoreError
from gridctl_trainer.training.attempt.termination_message import leave_termination_message

_RETRIED = (["run"], ["preflight"])
"""Commands that Jobs run, and that are retried."""


def exit_code_of(fault: Fault) -> int:
    """The exit code of a fault. For commands that are never retried, a failed store is distinguished from a bug."""
    if isinstance(fault, StoreError) and fault.exit_code == exit_codes.BUG and sys.argv[1:2] not in _RETRIED:
        return exit_codes.STORE_REFUSED
    return fault.exit_code


def show(fault: Fault) -> None:
    """Write the message to stderr, and leave it as the container's termination message."""
    sys.stderr.write(f"error: {fault}\n")
    leave_termination_message(str(fault))


def unforeseen(error: Exception) -> int:
    """Show an unexpected error with its traceback, and return the exit code."""
    import traceback

    from gridctl_trainer.contract.secrets import masked

    if isinstance(error, ImportError) and (error.name or "gridctl_trainer").partition(".")[0] != "gridctl_trainer":
        said = f"cannot import {error.name}: {error}\n  pip install 'gridctl[trainer]'"
        sys.stderr.write(f"error: {said}\n")
        leave_termination_message(said)
    else:
        sys.stderr.write(masked("".join(traceback.format_exception(error))))
        leave_termination_message(masked(f"a bug: {type(error).__name__}: {error}"))
    return exit_codes.BUG
