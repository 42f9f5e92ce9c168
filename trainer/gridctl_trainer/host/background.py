"""A call in a thread of its own, while the caller waits for something else."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """Starts a call at once. Nobody waits for it but `result`: a caller that fails or is interrupted leaves it behind.

    Args:
        work: What to do. The process may end in the middle of it.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._result: T
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=contextvars.copy_context().run, args=(self._run,), daemon=True)
        self._thread.start()

    def result(self) -> T:
        """What the call returned, once it has.

        Raises:
            BaseException: What it raised.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:
            self._error = error
