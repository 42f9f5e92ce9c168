"""Keeps what an attempt logs in the store, since a pod's own log is lost with the pod."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator

from gridctl_trainer.contract.errors import StoreError
from gridctl_trainer.contract.secrets import MaskingFormatter
from gridctl_trainer.storage.base import Store

FORMAT = "%(asctime)s %(levelname)s %(message)s"


class AttemptOutput:
    """Collects log lines and stores them when flushed. If the store fails, the attempt continues.

    Args:
        store: The store to write to.
        key: Key of the log.
    """

    def __init__(self, store: Store, key: str) -> None:
        self._store = store
        self._key = key
        self._text = io.StringIO()
        self._stored = 0

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """A context in which every log line is collected. At its end, they are stored."""
        handler = logging.StreamHandler(self._text)
        handler.setFormatter(MaskingFormatter(FORMAT))
        root = logging.getLogger()
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)
            self.flush()

    def flush(self) -> None:
        """Store the lines so far, if there are new ones."""
        text = self._text.getvalue()
        if len(text) > self._stored:
            with contextlib.suppress(StoreError):
                self._store.put(self._key, text.encode())
                self._stored = len(text)
