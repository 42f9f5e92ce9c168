"""The metric log of an attempt as columns, from which tables are made without one object per epoch."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress

from gridctl.collection.epoch_lines import read_epoch_lines
from gridctl_trainer.contract.errors import MetricLogError
from gridctl_trainer.contract.layout import AttemptName
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.attempt_log import AttemptLog, in_ranges, read_attempt
from gridctl_trainer.contract.records.metric_log import AttemptRecord, DataRecord, EndRecord, EpochRecord

_EPOCH_LINE = b'{"kind":"epoch",'
_MAX_BYTES = 16 << 20
"""Of a log whose lines are read all at once: it takes twenty times as much, and none of its lines is too long."""


@dataclass(frozen=True, slots=True)
class EpochColumns:
    """Some epochs, one value per epoch in every column.

    Attributes:
        epoch: Their numbers, ascending.
        validated: 1 where the epoch was validated, else 0.
        scores: By their whole names; NaN where an epoch has none.
    """

    epoch: array[int] = field(default_factory=lambda: array("q"))
    train_loss: array[float] = field(default_factory=lambda: array("d"))
    seconds: array[float] = field(default_factory=lambda: array("d"))
    skipped_steps: array[int] = field(default_factory=lambda: array("q"))
    validated: bytes = b""
    scores: Mapping[str, array[float]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Sequence[EpochRecord]) -> EpochColumns:
        """Those of records."""
        named = [record.named_scores for record in records]
        return cls(
            array("q", (record.epoch for record in records)),
            array("d", (record.train_loss for record in records)),
            array("d", (record.seconds for record in records)),
            array("q", (record.skipped_steps for record in records)),
            bytes(bool(record.sets) for record in records),
            {
                name: array("d", (of_epoch.get(name, math.nan) for of_epoch in named))
                for name in dict.fromkeys(name for of_epoch in named for name in of_epoch)
            },
        )


@dataclass(frozen=True, slots=True)
class AttemptColumns:
    """The metric log of one attempt.

    Attributes:
        last_finished_at: When its last epoch was finished; None without an epoch.
    """

    attempt: AttemptRecord
    data: DataRecord | None
    end: EndRecord | None
    epochs: EpochColumns
    last_finished_at: datetime | None

    @property
    def name(self) -> AttemptName:
        return AttemptName(self.attempt.attempt, self.attempt.uid)

    @classmethod
    def of(cls, log: AttemptLog) -> AttemptColumns:
        """Those of a log."""
        last = max((record.finished_at for record in log.epochs), default=None)
        return cls(log.attempt, log.data, log.end, EpochColumns.of(log.epochs), last)

    @classmethod
    def read(cls, data: bytes, where: object = "") -> AttemptColumns:
        """Read a metric log; it refuses the same logs as `read_attempt`, with the same messages.

        Args:
            data: JSON lines.
            where: Key or file named in errors.

        Raises:
            MetricLogError: It is not one; the line is named.
        """
        return _read_at_once(data) or cls.of(read_attempt(data, where))


def _read_at_once(data: bytes) -> AttemptColumns | None:
    """Read a log whose epochs all have one form, as most have; None for others, which are then read line by line."""
    if len(data) > _MAX_BYTES:
        return None
    lines = data.split(b"\n")[:-1]
    of_epochs = [line.startswith(_EPOCH_LINE) for line in lines]
    others = [line for line, of_epoch in zip(lines, of_epochs, strict=True) if not of_epoch]
    try:
        log = read_attempt(b"".join(line + b"\n" for line in others))
        found = read_epoch_lines(list(compress(lines, of_epochs)))
    except (MetricLogError, ValueError, LookupError, TypeError, AttributeError):  # of an unexpected form
        return None
    if found is None or log.epochs or of_epochs[0]:
        return None
    expected = range(log.attempt.resumed_epoch + 1, log.attempt.resumed_epoch + 1 + len(found.epoch))
    if list(found.epoch) != list(expected) or not _within(log.attempt.metrics, found.scores):
        return None
    epochs = EpochColumns(
        array("q", found.epoch),
        array("d", found.train_loss),
        array("d", found.seconds),
        array("q", found.skipped_steps),
        bytes(found.validated),
        {name: array("d", values) for name, values in found.scores.items()},
    )
    return AttemptColumns(log.attempt, log.data, log.end, epochs, found.last_finished_at)


def _within(metrics: Mapping[str, MetricInfo], scores: Mapping[str, Iterable[float]]) -> bool:
    return all(
        in_ranges(name.partition(".")[2], metrics, (value for value in values if value == value))
        for name, values in scores.items()
    )


@dataclass(frozen=True, slots=True)
class MergedColumns:
    """The log of a run: each epoch comes from the newest attempt that has it, as `merge` does with records.

    Attributes:
        epochs: Epochs of all attempts together.
        attempt: The number of the attempt that each epoch comes from.
        sources: The logs that they come from, in the order of their first epochs here.
        last: The log of the last epoch; None without one.
        updates: Optimizer steps that were taken in them, of attempts that say how many an epoch has.
    """

    epochs: EpochColumns = field(default_factory=EpochColumns)
    attempt: array[int] = field(default_factory=lambda: array("q"))
    sources: Sequence[AttemptColumns] = ()
    last: AttemptColumns | None = None
    updates: int = 0

    @classmethod
    def of(cls, logs: Sequence[AttemptColumns]) -> MergedColumns:
        """Those of one run, in any order."""
        told = [log for log in logs if log.epochs.epoch]
        if not told:
            return cls()
        if len(told) == 1:
            return cls._of_one(told[0])
        newest: dict[int, tuple[AttemptColumns, int]] = {}
        for log in in_order(told):
            newest |= {epoch: (log, number) for number, epoch in enumerate(log.epochs.epoch)}
        chosen = [newest[epoch] for epoch in sorted(newest)]
        sources = list({id(log): log for log, _ in chosen}.values())
        names = dict.fromkeys(name for log in sources for name in log.epochs.scores)
        nothing = {id(log): array("d", [math.nan]) * len(log.epochs.epoch) for log in sources}
        epochs = EpochColumns(
            array("q", sorted(newest)),
            array("d", (log.epochs.train_loss[number] for log, number in chosen)),
            array("d", (log.epochs.seconds[number] for log, number in chosen)),
            array("q", (log.epochs.skipped_steps[number] for log, number in chosen)),
            bytes(log.epochs.validated[number] for log, number in chosen),
            {
                name: array("d", (log.epochs.scores.get(name, nothing[id(log)])[number] for log, number in chosen))
                for name in names
            },
        )
        attempts = array("q", (log.attempt.attempt for log, _ in chosen))
        updates = sum(log.data.train_steps - log.epochs.skipped_steps[number] for log, number in chosen if log.data)
        return cls(epochs, attempts, sources, chosen[-1][0], updates)

    @classmethod
    def _of_one(cls, log: AttemptColumns) -> MergedColumns:
        number = len(log.epochs.epoch)
        updates = number * log.data.train_steps - sum(log.epochs.skipped_steps) if log.data else 0
        return cls(log.epochs, array("q", [log.attempt.attempt]) * number, (log,), log, updates)

    @property
    def latest_scores(self) -> dict[str, float]:
        """Those of the last epoch that was validated."""
        last = self.epochs.validated.rfind(1)
        if last < 0:
            return {}
        return {name: values[last] for name, values in self.epochs.scores.items() if values[last] == values[last]}


def in_order(logs: Iterable[AttemptColumns]) -> list[AttemptColumns]:
    """From the oldest attempt to the newest."""
    return sorted(logs, key=lambda log: (log.attempt.attempt, log.attempt.started_at, log.attempt.uid))
