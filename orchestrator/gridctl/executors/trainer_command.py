"""Runs a command of the trainer on this machine for `gridctl`: its output goes to the same place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import gridctl_start
from gridctl import errors
from gridctl.executors.local.installation import require_trainer
from gridctl.executors.local.trainer_process import THREAD_VARIABLES, cannot_start, folder_that_exists
from gridctl_trainer.contract import exit_codes

_OURS: Final[Mapping[int, int]] = {
    exit_codes.DONE: errors.OK,
    exit_codes.BAD_SPEC: errors.INVALID_INPUT,
    exit_codes.BAD_DATA: errors.INVALID_INPUT,
    exit_codes.STORE_REFUSED: errors.UNREACHABLE,
    errors.INTERRUPTED: errors.INTERRUPTED,
    -signal.SIGINT: errors.INTERRUPTED,
}
"""Exit code of this command by that of the trainer."""


def train_apart(spec: str, threads: int) -> int:
    """Train one run whose specification lies in a store that is nobody else's, and wait for its end.

    Args:
        spec: Where that lies.
        threads: Of the run.

    Returns:
        The trainer's exit code; what it says goes to standard error.

    Raises:
        InputError: The trainer is not installed here, or cannot be started.
    """
    require_trainer()
    return _ended(["run", spec], threads=threads, stdout=sys.stderr.fileno()).returncode


def weights_in_store(spec: str) -> tuple[str, str]:
    """SHA-256 of a finished run's weights as its checkpoint has them.

    Args:
        spec: Where its specification lies.

    Returns:
        The digest, empty where it cannot be read; and then why.

    Raises:
        InputError: As of `train_apart`.
    """
    require_trainer()
    done = _ended(["weights", spec], threads=1, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = done.stderr.decode(errors="replace").strip()
    return (done.stdout.decode().strip(), "") if done.returncode == 0 else ("", said.removeprefix("error: "))


def _ended(
    arguments: Sequence[str], *, threads: int, stdout: int, stderr: int | None = None
) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
    command = [sys.executable, "-P", gridctl_start.__file__, *arguments]
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=folder_that_exists(),
            env=environment,
            check=False,
        )
    except OSError as error:
        raise cannot_start(error) from None


def run_trainer_command(arguments: Sequence[str]) -> int:
    """Run `gridctl-trainer ARGUMENTS` and wait for its end; nothing of it is imported into this process.

    Args:
        arguments: A command and its arguments.

    Returns:
        The exit code for this command; errors have been shown.

    Raises:
        InputError: The trainer is not installed here, or cannot be started.
    """
    require_trainer()
    command = [sys.executable, "-P", gridctl_start.__file__, *arguments]
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=folder_that_exists(), env={**os.environ})
    except OSError as error:
        raise cannot_start(error) from None
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:  # the trainer has received the signal too, and ends in its own way
            continue
        return _OURS.get(code, errors.RUNS_FAILED)
