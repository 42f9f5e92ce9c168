"""The failures of commands, and their exit codes."""

from __future__ import annotations

from typing import Final

from gridctl_trainer.contract.errors import Fault, LocationError, Problem, StoreError
from gridctl_trainer.contract.secrets import masked

__all__ = ["Fault", "InputError", "KubeconfigError", "Problem", "UnreachableError", "exit_code_of", "in_words"]

OK: Final = 0
RUNS_FAILED: Final = 1
INVALID_INPUT: Final = 2
UNREACHABLE: Final = 3
INTERRUPTED: Final = 130
"""Ctrl-C, as in every shell tool."""


class InputError(Fault):
    """An option, an experiment file or a name that the user gave is not valid."""

    exit_code = INVALID_INPUT


class UnreachableError(Fault):
    """The cluster or the store cannot be reached, or refuses."""

    exit_code = UNREACHABLE


class KubeconfigError(UnreachableError):
    """Something in the kubeconfig, or in a file or command that it names, is missing or not valid."""


def in_words(error: Exception) -> str:
    """The message of an error of any kind; an unforeseen one is called a bug."""
    if isinstance(error, Fault):
        return str(error)
    if isinstance(error, MemoryError):
        return "this machine has no memory left"
    if isinstance(error, OSError):
        return masked(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error))
    return masked(f"a bug in gridctl: {type(error).__name__}: {error}")


def exit_code_of(fault: Fault) -> int:
    """The exit code of the command that met this fault."""
    if isinstance(fault, LocationError):
        return INVALID_INPUT
    if isinstance(fault, StoreError):
        return UNREACHABLE
    if isinstance(fault, InputError | UnreachableError):
        return fault.exit_code
    return INVALID_INPUT
