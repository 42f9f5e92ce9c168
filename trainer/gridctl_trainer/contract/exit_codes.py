"""Exit codes of the trainer; the Job's `podFailurePolicy` and the local executor act on them."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
BUG: Final = 1
"""Unforeseen errors and failing stores: retried, and each retry counts."""
BAD_SPEC: Final = 2
"""Never retried: the same specification would fail again."""
BAD_DATA: Final = 3
"""Never retried: the same files would fail again."""
STORE_REFUSED: Final = 4
"""Never retried: before anything was trained, the store refused for good: no credentials, no such bucket, no rights.

Commands that are no attempt at a run, such as `predict`, end with it whatever the store failed with.
"""
STOPPED: Final = 143
"""Stopped by SIGTERM after a checkpoint: retried without counting."""

NEVER_RETRIED: Final = (BAD_SPEC, BAD_DATA, STORE_REFUSED)
