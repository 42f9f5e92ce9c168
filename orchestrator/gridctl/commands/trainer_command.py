"""A command of the trainer in a process of its own: what reads images is not imported into this one."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence

import gridctl_start
from gridctl.errors import InputError

_NEEDED = "nibabel"
"""Whatever reads images needs it, and only the trainer's libraries have it."""


def call_trainer(arguments: Sequence[str]) -> int:
    """Run `gridctl-trainer` here, with this process's own streams.

    Args:
        arguments: Of the command.

    Returns:
        Its exit code.

    Raises:
        InputError: It is not installed here, or the system does not let it start.
    """
    if importlib.util.find_spec(_NEEDED) is None:
        raise InputError("the trainer's libraries are not installed here", fix="pip install 'gridctl[trainer]'")
    sys.stdout.flush()
    try:
        return subprocess.run([sys.executable, "-P", gridctl_start.__file__, *arguments], check=False).returncode
    except OSError as error:
        raise InputError(f"cannot start the trainer: {error.strerror or error}", where=sys.executable) from None
