"""The last lines that failed runs printed, embedded: a link would break once the page or the store is moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.storage.base import Store

RUNS: Final = 20
"""How many failed runs' output is shown; the others have their messages in the table of runs."""

_LINES: Final = 25
_LETTERS: Final = 4000
_MAX_LOG_BYTES: Final = 16 << 20
_AT_ONCE: Final = 16


def last_lines(store: Store, failed: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """By run id, what the newest attempt of each run printed last; runs of which nothing can be read are not in it.

    Args:
        store: Where the logs are.
        failed: Rows of `Collected.runs`.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        shown = [run for run in failed if run["log"]][:RUNS]
        texts = pool.map(lambda run: _read(store, str(run["log"])), shown)
        return {str(run["run_id"]): text for run, text in zip(shown, texts, strict=True) if text}


def _read(store: Store, key: str) -> str:
    try:
        text = store.get(key, _MAX_LOG_BYTES).data.decode("utf-8", errors="replace")
    except StoreError:
        return ""
    return "\n".join(text.rstrip().splitlines()[-_LINES:])[-_LETTERS:]
