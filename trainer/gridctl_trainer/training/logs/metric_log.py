"""Writes the metric log of one attempt."""

from __future__ import annotations

from gridctl_trainer.contract.layout import AttemptName, RunLayout, attempt_of
from gridctl_trainer.contract.records.metric_log import Record, write_line
from gridctl_trainer.storage.base import Store


def next_attempt(store: Store, layout: RunLayout, uid: str) -> AttemptName:
    """The name of an attempt that starts now. Its number is one more than the highest so far.

    Raises:
        StoreError: The store failed.
    """
    names = [attempt_of(stat.key) for stat in store.list(layout.attempts)]
    return AttemptName(max((name.number for name in names if name), default=0) + 1, uid)


class MetricLog:
    """The metric log, an object that only this attempt writes. It is rewritten with each new line."""

    def __init__(self, store: Store, key: str) -> None:
        self._store = store
        self._key = key
        self._text = ""

    @property
    def begun(self) -> bool:
        """Whether the log has any lines."""
        return bool(self._text)

    def append(self, record: Record) -> None:
        """Add a line and store the log.

        Raises:
            MetricLogError: A number is not finite; nothing is written.
            StoreError: The store failed.
        """
        self._text += write_line(record)
        self._store.put(self._key, self._text.encode())
