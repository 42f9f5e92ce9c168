"""What an attempt prints is kept in the store: a pod's own log goes with the pod."""

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
    """Collects log lines; stores them when flushed. A store that fails never ends an attempt here."""

    def __init__(self, store: Store, key: str) -> None:
        self._store = store
        self._key = key
        self._text = io.StringIO()
        self._stored = 0

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Collect every log line until the end of the block, then store them."""
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
        """Store what there is, if there is more than before."""
        text = self._text.getvalue()
        if len(text) > self._stored:
            with contextlib.suppress(StoreError):
                self._store.put(self._key, text.encode())
                self._stored = len(text)
