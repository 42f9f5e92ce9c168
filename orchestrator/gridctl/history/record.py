"""The history of an experiment in its store: one small object per event, written once and never replaced."""

from __future__ import annotations

import secrets
from collections.abc import Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gridctl.collection.read_cache import ReadCache
from gridctl.history.event import HistoryEvent
from gridctl_trainer.contract import layout
from gridctl_trainer.contract.errors import NotFoundError, StoreError
from gridctl_trainer.storage.base import Stat, Store

_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class History:
    """What is known of an experiment's past.

    Attributes:
        events: In the order of their times.
        problems: Events that could not be read, and why.
    """

    events: Sequence[HistoryEvent] = ()
    problems: Sequence[str] = ()


def read_history(store: Store, experiment: str, only: Container[str] | None = None) -> History:
    """Read the events of an experiment. What cannot be read is a problem, never a failure.

    Args:
        store: Where they are.
        experiment: Its name.
        only: Keys of those that are wanted; None takes all.
    """
    cache = ReadCache.of(store)

    def read(stat: Stat) -> HistoryEvent | str | None:
        where = f"{store.url}/{stat.key}"
        try:
            data = cache.get(stat.key, stat.etag, lambda: store.get(stat.key, HistoryEvent.max_bytes))
            return HistoryEvent.from_json(data, where)
        except NotFoundError:
            return None  # deleted since it was listed
        except StoreError as error:
            return str(error.problems[0])

    try:
        listed = store.list(layout.history_prefix(experiment))
        stats = [stat for stat in listed if stat.key.endswith(".json") and (only is None or stat.key in only)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(read, stats))
    except StoreError as error:
        return History(problems=[str(error.problems[0])])
    events = [item for item in found if isinstance(item, HistoryEvent)]
    return History(sorted(events, key=lambda event: event.at), [item for item in found if isinstance(item, str)])


def append(store: Store, experiment: str, history: History, event: HistoryEvent) -> str:
    """Add an event, unless the newest of its kind says the same. Each look at the test set is one of its own.

    Returns:
        Why it could not be added, as where the store cannot be written to; empty if it was.
    """
    newest = next((item for item in reversed(history.events) if item.event == event.event), None)
    at_test_set = event.asked is not None and event.asked.test_set
    if newest is not None and not at_test_set and event.says_the_same(newest):
        return ""
    key = layout.history_event(experiment, event.at, event.event, secrets.token_hex(4))
    try:
        store.create(key, event.to_json())
    except StoreError as error:
        return str(error.problems[0])
    return ""
