"""Python's search for cycles of objects, while very many objects are made that have none."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def without_cycle_search() -> Iterator[None]:
    """Do not look for cycles while the block runs: what has none is freed all the same.

    The search goes through all objects again and again while their number grows, which takes up to half of the time in
    which they are made.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
