"""Why a run failed: what its backend says of the process, and what the attempt itself wrote into its log."""

from __future__ import annotations

import re
from typing import Final

_COMPARED: Final = 60
"""This many characters show whether the backend already quotes the attempt."""


def failure_reason(of_backend: str, of_log: str) -> str:
    """Combine two reasons, which may say the same.

    Args:
        of_backend: Such as `exit code 3 (bad data, not retried)`; empty if the backend knows nothing.
        of_log: The message of the attempt's last record; empty if it wrote none.
    """
    of_log = of_log.strip()
    if not of_backend or not of_log:
        return of_backend or of_log
    first_line = _flat(of_log.splitlines()[0])[:_COMPARED]
    if not re.search(r"exit code [1-9]", of_backend) or first_line in _flat(of_backend):
        return of_backend
    return f"{of_backend}; it said: {of_log}"


def _flat(text: str) -> str:
    return " ".join(text.split())
