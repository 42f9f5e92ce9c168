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
from gridctl.executors.local.trainer_process import cannot_start, folder_that_exists
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
