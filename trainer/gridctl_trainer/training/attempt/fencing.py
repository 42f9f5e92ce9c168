"""Other attempts at the same run that live at the same time, as after a node partition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gridctl_trainer.contract.errors import MetricLogError, NotFoundError
from gridctl_trainer.contract.layout import AttemptName, RunLayout, attempt_of
from gridctl_trainer.contract.records.attempt_log import read_attempt
from gridctl_trainer.storage.base import Store


@dataclass(frozen=True, slots=True)
class OvertakingAttempt:
    """Who makes an attempt needless.

    Attributes:
        finished: Whether the run has its result.
        attempt: The younger attempt, else.
    """

    finished: bool
    attempt: AttemptName | None = None

    def __str__(self) -> str:
        if self.attempt is None:
            return "another attempt has finished the run"
        return f"attempt {self.attempt.number} ({self.attempt.uid}), which began later, goes on with the run"


def find_overtaking_attempt(
    store: Store, layout: RunLayout, name: AttemptName, started_at: datetime
) -> OvertakingAttempt | None:
    """Whether an attempt ought to end: the run is finished, or a younger attempt is at it.

    The younger one goes on, as it is the one that a scheduler counts on. One whose log says
    that it ended does not count.

    Args:
        store: Where the run is.
        layout: Of the run.
        name: The attempt that asks.
        started_at: When it began.

    Raises:
        StoreError: The store failed.
    """
    found = None
    for stat in store.list(layout.prefix):
        if stat.key == layout.result:
            return OvertakingAttempt(finished=True)
        other = attempt_of(stat.key)
        if other is None or other == name or other.number < name.number:
            continue
        try:
            log = read_attempt(store.get(stat.key).data, stat.key)
        except (NotFoundError, MetricLogError):  # deleted, or its first line is still on its way
            continue
        if log.end is None and (other.number, log.attempt.started_at, other.uid) > (name.number, started_at, name.uid):
            found = OvertakingAttempt(finished=False, attempt=other)
    return found
