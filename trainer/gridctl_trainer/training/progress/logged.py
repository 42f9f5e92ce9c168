"""Logs progress within long epochs, so that the store shows that an attempt is alive."""

from __future__ import annotations

import logging
import time
from typing import Final

from gridctl_trainer.contract.records.metric_log import EpochRecord
from gridctl_trainer.training.logs.attempt_output import AttemptOutput
from gridctl_trainer.training.progress.display import TrainingProgress

_EVERY_S: Final = 4 * 60.0
"""Well below ten minutes: `gridctl status` calls a run stalled if its log has not grown for that long."""

_log = logging.getLogger(__name__)


class LoggedProgress:
    """Passes progress on, and logs a line if there has been none for minutes. A trainer that hangs logs nothing.

    Args:
        shown: Receives all progress.
        output: Stores the log.
    """

    def __init__(self, shown: TrainingProgress, output: AttemptOutput) -> None:
        self._shown = shown
        self._output = output
        self._logged = time.monotonic()

    def phase(self, name: str, done: int, total: int) -> None:
        self._shown.phase(name, done, total)
        self._log(f"{name} {done}/{total}")

    def step(self, epoch: int, epochs: int, step: int, steps: int) -> None:
        self._shown.step(epoch, epochs, step, steps)
        self._log(f"epoch {epoch}/{epochs}: step {step}/{steps}")

    def epoch(self, record: EpochRecord, epochs: int) -> None:
        self._shown.epoch(record, epochs)
        self._logged = time.monotonic()

    def close(self) -> None:
        self._shown.close()

    def _log(self, text: str) -> None:
        if time.monotonic() - self._logged >= _EVERY_S:
            self._logged = time.monotonic()
            _log.info("%s", text)
            self._output.flush()
