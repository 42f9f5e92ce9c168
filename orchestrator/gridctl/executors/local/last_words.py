"""Records the failure of an attempt that could not do so itself: killed, never begun, or ended without a result."""

from __future__ import annotations

import platform
from datetime import UTC, datetime

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.layout import AttemptName, RunLayout, attempt_of
from gridctl_trainer.contract.records.attempt_log import read_attempt
from gridctl_trainer.contract.records.metric_log import AttemptRecord, EndRecord, write_line
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store


def leave_last_words(store: Store, run: RunSpec, uid: str, message: str) -> None:
    """End the metric log of a dead attempt, or write the log of one that never began its own.

    `status` then repeats what the command that started the run said. An attempt with a final record is left alone.

    Args:
        store: Where the run is.
        run: The run of the attempt.
        uid: Of the attempt, whose process is gone.
        message: Why it failed, in words.

    Raises:
        StoreError: The store failed.
        MetricLogError: The attempt left a log that cannot be read.
    """
    layout = RunLayout(run.experiment, run.run_id)
    names = [name for stat in store.list(layout.attempts) if (name := attempt_of(stat.key))]
    now = datetime.now(UTC)
    end = write_line(EndRecord(exit_code=exit_codes.BUG, message=message, finished_at=now))
    own = next((name for name in names if name.uid == uid), None)
    if own is not None:
        key = layout.attempt(own)
        data = store.get(key).data
        if read_attempt(data, key).end is None:
            whole = data[: data.rfind(b"\n") + 1]  # an incomplete last line is not a record
            store.put(key, whole + end.encode())
        return
    name = AttemptName(max((name.number for name in names), default=0) + 1, uid)
    first = AttemptRecord(
        run_id=run.run_id,
        attempt=name.number,
        uid=uid,
        started_at=now,
        host=platform.node(),
        device="",
        threads=run.training.threads,
    )
    store.put(layout.attempt(name), (write_line(first) + end).encode())
