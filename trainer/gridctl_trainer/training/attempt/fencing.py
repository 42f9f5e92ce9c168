"""Detects other attempts at the same run that are running at the same time, such as after a network partition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gridctl_trainer.contract.errors import MetricLogError, NotFoundError
from gridctl_trainer.contract.layout import AttemptName, RunLayout, attempt_of
from gridctl_trainer.contract.records.attempt_log import read_attempt
from gridctl_trainer.storage.base import Store


@dataclass(frozen=True, slots=True)
class OvertakingAttempt:
    """Why an attempt is no longer needed.

    Attributes:
        finished: Whether the run has its result.
        attempt: The later attempt that continues the run; None if the run is finished.
    """

    finished: bool
    attempt: AttemptName | None = None

    def __str__(self) -> str:
        if self.attempt is None:
            return "another attempt has finished the run"
        return f"attempt {self.attempt.number} ({self.attempt.uid}), which started later, continues the run"


def find_overtaking_attempt(
    store: Store, layout: RunLayout, name: AttemptName, started_at: datetime
) -> OvertakingAttempt | None:
    """Find out whether an attempt should end because the run is finished, or because a later attempt is running.

    The later attempt continues, since the scheduler counts on that one. An attempt whose log says that it ended does
    not count.

    Args:
        store: The store that holds the run.
        layout: Layout of the run.
        name: The attempt that asks.
        started_at: When it started.

    Returns:
        Why the attempt should end; None if it should not.

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
        except (NotFoundError, MetricLogError):  # deleted, or its first line is not there yet
            continue
        if log.end is None and (other.number, log.attempt.started_at, other.uid) > (name.number, started_at, name.uid):
            found = OvertakingAttempt(finished=False, attempt=other)
    return found
