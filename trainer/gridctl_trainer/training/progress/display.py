"""Shows the progress of an attempt: to a person on a terminal, to the local backend, or to nobody."""

from __future__ import annotations

import json
from typing import IO, Protocol

from rich.console import Console

from gridctl_trainer.contract.records.metric_log import EpochRecord
from gridctl_trainer.contract.score_name import VALIDATION
from gridctl_trainer.terminal.progress_bars import bars
from gridctl_trainer.terminal.standard_streams import OutputError


class TrainingProgress(Protocol):
    """Receives everything that takes time."""

    def phase(self, name: str, done: int, total: int) -> None:
        """The progress of something before or between epochs, such as reading files or validating."""

    def step(self, epoch: int, epochs: int, step: int, steps: int) -> None:
        """The number of optimizer steps done in an epoch, and the total."""

    def epoch(self, record: EpochRecord, epochs: int) -> None:
        """An epoch is finished and logged."""

    def close(self) -> None:
        """Nothing more will come."""


class Silent:
    """Shows nothing."""

    def phase(self, name: str, done: int, total: int) -> None:
        pass

    def step(self, epoch: int, epochs: int, step: int, steps: int) -> None:
        pass

    def epoch(self, record: EpochRecord, epochs: int) -> None:
        pass

    def close(self) -> None:
        pass


class JsonLines:
    """Writes one JSON object per line, for a program that reads them as they come."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream: IO[str] | None = stream

    def phase(self, name: str, done: int, total: int) -> None:
        self._write(event="phase", phase=name, done=done, total=total)

    def step(self, epoch: int, epochs: int, step: int, steps: int) -> None:
        self._write(event="step", epoch=epoch, epochs=epochs, step=step, steps=steps)

    def epoch(self, record: EpochRecord, epochs: int) -> None:
        self._write(
            event="epoch",
            epoch=record.epoch,
            epochs=epochs,
            scores=record.named_scores,
            seconds=record.seconds,
        )

    def close(self) -> None:
        pass

    def _write(self, **fields: object) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(json.dumps(fields) + "\n")
            self._stream.flush()
        except OutputError:  # the reader is gone; training continues without it
            self._stream = None


class Bar:
    """A bar on the terminal with the epoch, the first validation score and the remaining time."""

    def __init__(self, title: str) -> None:
        after = "{task.fields[score]}"
        self._progress = bars(Console(stderr=True), "{task.fields[title]}", after, transient=False, shown=True)
        self._task = self._progress.add_task("", title=title, score="", total=None)
        self._title = title
        self._progress.start()

    def phase(self, name: str, done: int, total: int) -> None:
        self._progress.update(self._task, title=f"{self._title} {name}")

    def step(self, epoch: int, epochs: int, step: int, steps: int) -> None:
        title = f"{self._title} epoch {epoch}/{epochs}"
        self._progress.update(
            self._task, title=title, completed=(epoch - 1) * steps + step, total=epochs * steps, visible=True
        )

    def epoch(self, record: EpochRecord, epochs: int) -> None:
        if record.sets:  # otherwise, the last score stays
            key, value = next(iter(record.sets[VALIDATION].scores.items()), ("", 0.0))
            self._progress.update(self._task, score=f"{key} {value:.3f}" if key else "")

    def close(self) -> None:
        self._progress.stop()
