"""Why an attempt ended, where Kubernetes looks for it: `kubectl describe pod` and `gridctl status` show it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

_PATH: Final = Path("/dev/termination-log")
"""What `terminationMessagePath` of a container is by default."""
_MAX_BYTES: Final = 4096
"""What the kubelet reads of it."""


def leave_termination_message(message: str) -> None:
    """Write why this process ends; nothing where this is not the container of a Job.

    Args:
        message: Without secrets. Its beginning is kept.
    """
    if os.environ.get("GRIDCTL_IMAGE") and _PATH.is_file():
        with contextlib.suppress(OSError):
            _PATH.write_bytes(message.encode()[:_MAX_BYTES])
