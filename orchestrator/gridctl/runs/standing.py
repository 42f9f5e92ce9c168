"""Where a run stands, as far as the store alone can tell."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from gridctl.runs.silence import Silence
from gridctl.runs.state import RunState
from gridctl_trainer.contract import exit_codes

NO_LAST_WORD: Final = "its last attempt ended without a final record: it was killed, or its machine was lost"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands, and why.

    Attributes:
        reason: Empty if there is none.
        is_elsewhere: Whether it runs on another machine: only its log is known, and it may be dead.
    """

    state: RunState
    reason: str = ""
    is_elsewhere: bool = False


def standing_in_store(run: Mapping[str, Any]) -> Standing:
    """Where a run stands that no process, submission or Job is known to hold.

    A result is believed before anything else, then a cancellation, then the last words of the newest attempt.

    Args:
        run: A row of `Collected.runs`.
    """
    if run["finished"]:
        return Standing(RunState.DONE)
    if _is_known(run["cancelled_at"]):
        return Standing(RunState.CANCELLED, f"by `gridctl cancel` at {clock(run['cancelled_at'])}")
    if not run["attempts"]:
        return Standing(RunState.NOT_STARTED)
    if not _is_known(run["exit_code"]):
        return Standing(RunState.INTERRUPTED, NO_LAST_WORD)
    if run["exit_code"] in (exit_codes.BUG, *exit_codes.NEVER_RETRIED):
        return Standing(RunState.FAILED, str(run["message"] or ""))
    if run["exit_code"] == exit_codes.DONE:
        return Standing(RunState.INTERRUPTED, "its log has an end, but the store holds no valid result of it")
    return Standing(RunState.INTERRUPTED, str(run["message"] or ""))


def standing_without_backend(run: Mapping[str, Any], now: float | None = None) -> Standing:
    """The same where no backend was asked: an attempt without a final record counts as running while its log grows.

    Args:
        run: A row of `Collected.runs`.
        now: Seconds since the epoch; by default the clock's.
    """
    found = standing_in_store(run)
    if found.reason != NO_LAST_WORD:
        return found
    silence = Silence.of_log(run, time.time() if now is None else now)
    if silence.is_long:
        return found
    heard = f"on {run['last_host'] or 'another machine'}, last heard of at {clock(silence.since)}"
    return Standing(RunState.RUNNING, heard, is_elsewhere=True)


def clock(moment: float) -> str:
    """A time as it is shown: to the minute, of this machine's zone, with the date if that is not today."""
    local = datetime.fromtimestamp(moment, UTC).astimezone()
    today = datetime.now(UTC).astimezone().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def _is_known(number: float) -> bool:
    return number == number
