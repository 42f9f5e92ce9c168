"""For how long a run has made no progress, and whether that is long for this run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gridctl.terminal.console import duration

_TIMES_USUAL: Final = 10
_SHORTEST_LOG_S: Final = 10 * 60.0
"""A trainer writes its log at least every few minutes while it makes progress."""
_SHORTEST_HEARD_S: Final = 3 * 60.0
_HEARD_BEFORE_FIRST_STEP_S: Final = 10 * 60.0
_LOG_BEFORE_FIRST_EPOCH_S: Final = 30 * 60.0
"""A single file may be large, and a first step may compile."""


@dataclass(frozen=True, slots=True)
class Silence:
    """How long nothing has been heard from a run.

    Attributes:
        since: Time of its last sign of progress, in seconds since the epoch.
        seconds: Since then.
        usual_seconds: Usual between two signs; None if none is known yet.
        limit_seconds: Above this it is stalled.
    """

    since: float
    seconds: float
    usual_seconds: float | None
    limit_seconds: float

    @property
    def is_long(self) -> bool:
        """Whether it is long for this run."""
        return self.seconds > self.limit_seconds

    @classmethod
    def of_log(cls, run: Mapping[Any, Any], now: float, started_at: float | None = None) -> Silence:
        """Judged by the objects of its attempts, which are written after each epoch, and during long epochs.

        Args:
            run: A row of `Collected.runs`.
            now: Seconds since the epoch.
            started_at: When its newest attempt began, in seconds since the epoch; None if unknown.
        """
        written = float(run["last_written"])
        known_times = [moment for moment in (written, started_at) if moment is not None and moment == moment]
        since = max(known_times, default=now)
        usual = float(run["seconds_per_epoch"])
        known = usual if usual == usual else None
        limit = max(_SHORTEST_LOG_S, _TIMES_USUAL * known) if known is not None else _LOG_BEFORE_FIRST_EPOCH_S
        return cls(since, max(0.0, now - since), known, limit)

    @classmethod
    def of_signs(cls, since: float, usual_seconds: float | None, now: float) -> Silence:
        """Judged by a process that follows every step of the trainer.

        Args:
            since: The last sign, in seconds since the epoch.
            usual_seconds: The longest time between two steps so far; None before the first step.
            now: Seconds since the epoch.
        """
        limit = (
            _HEARD_BEFORE_FIRST_STEP_S
            if usual_seconds is None
            else max(_SHORTEST_HEARD_S, _TIMES_USUAL * usual_seconds)
        )
        return cls(since, max(0.0, now - since), usual_seconds, limit)

    def __str__(self) -> str:
        said = f"no progress for {duration(self.seconds)}"
        if self.usual_seconds is None:
            return said
        return f"{said}, where at most {duration(max(1.0, self.usual_seconds))} is usual"
