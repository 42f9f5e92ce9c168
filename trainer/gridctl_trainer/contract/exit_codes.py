"""Exit codes of the trainer. The Job's `podFailurePolicy` and the local executor act on them."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
BUG: Final = 1
"""Any unexpected failure, and failures of the store: retried, and counted as a failure."""
BAD_SPEC: Final = 2
"""Never retried: the same specification would fail again."""
BAD_DATA: Final = 3
"""Never retried: the same files would fail again."""
STORE_REFUSED: Final = 4
"""Never retried: the store refused permanently before anything was trained: no credentials, no such bucket, no
permission.

Commands that do not train a run, such as `predict`, exit with it whenever the store fails.
"""
STOPPED: Final = 143
"""Stopped by SIGTERM after a checkpoint: retried, not counted as a failure."""

NEVER_RETRIED: Final = (BAD_SPEC, BAD_DATA, STORE_REFUSED)
