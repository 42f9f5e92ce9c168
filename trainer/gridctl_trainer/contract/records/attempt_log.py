"""Reads the metric log of one attempt, and merges the logs of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import MetricLogError, shortened
from gridctl_trainer.contract.fields.bounds import MAX_EPOCHS
from gridctl_trainer.contract.json_text import require_keys_once
from gridctl_trainer.contract.layout import AttemptName
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.metric_log import (
    AttemptRecord,
    DataRecord,
    EndRecord,
    EpochRecord,
    Record,
    write_line,
)
from gridctl_trainer.contract.score_name import VALIDATION, ScoreName

_MAX_LINE_BYTES: Final = 16 << 20
"""About 800,000 numbers. A parsed line takes twenty times as much memory as its text."""

_MAX_LINES: Final = 4 * MAX_EPOCHS
_LOOK: Final = "find out what wrote it, and restore the log as it was"

_RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="kind")])


@dataclass(frozen=True, slots=True)
class AttemptLog:
    """The metric log of one attempt."""

    attempt: AttemptRecord
    data: DataRecord | None = None
    epochs: tuple[EpochRecord, ...] = ()
    end: EndRecord | None = None

    @property
    def name(self) -> AttemptName:
        return AttemptName(self.attempt.attempt, self.attempt.uid)


def read_attempt(text: str | bytes, where: object = "") -> AttemptLog:
    """Read the metric log of one attempt.

    Args:
        text: JSON lines. A last line without a newline is an interrupted write and is ignored.
        where: Key or file to name in errors.

    Raises:
        MetricLogError: A line is not a record or is far too long, or the first line is not an `attempt`.
    """
    whole = text.encode() if isinstance(text, str) else text
    if (count := whole.count(b"\n")) > _MAX_LINES:
        raise MetricLogError(f"it has {count:,} lines, far more than any attempt writes", where=where, fix=_LOOK)
    lines = whole.split(b"\n")[:-1]
    for number, line in enumerate(lines, 1):
        if len(line) > _MAX_LINE_BYTES:
            what = f"the line has {len(line) / 1e6:,.1f} MB, far more than any record"
            raise MetricLogError(what, where=f"{where}:{number}", fix=_LOOK)
    read = _reader(lines[0] if lines else b"")
    records = [_read_line(read, line, f"{where}:{number}") for number, line in enumerate(lines, 1) if line]
    if not records or not isinstance(records[0], AttemptRecord):
        raise MetricLogError("the first line is not an attempt record", where=f"{where}:1")
    _require_order(records, where)
    _require_ranges(records, where)
    rest = records[1:]
    return AttemptLog(
        attempt=records[0],
        data=next((r for r in rest if isinstance(r, DataRecord)), None),
        epochs=tuple(r for r in rest if isinstance(r, EpochRecord)),
        end=next((r for r in reversed(rest) if isinstance(r, EndRecord)), None),
    )


def merge(attempts: Iterable[AttemptLog]) -> list[tuple[AttemptLog, EpochRecord]]:
    """The log of a run: for each epoch, the record of the newest attempt that completed it.

    Args:
        attempts: Logs of one run, in any order.

    Returns:
        The epochs in order, each with the attempt it comes from.
    """
    newest: dict[int, tuple[AttemptLog, EpochRecord]] = {}
    for log in sorted(attempts, key=lambda log: (log.attempt.attempt, log.attempt.started_at, log.attempt.uid)):
        newest.update((record.epoch, (log, record)) for record in log.epochs)
    return [newest[epoch] for epoch in sorted(newest)]


def copied_log(log: AttemptLog, run_id: str, epochs: int) -> str:
    """The log of an attempt, copied for another run that continues from it.

    Args:
        log: Log of an attempt.
        run_id: The run that continues.
        epochs: How many of its epochs, from the first, are valid for that run.
    """
    origin = log.attempt.copied_from or log.attempt.run_id
    kept: list[Record] = [log.attempt.model_copy(update={"run_id": run_id, "copied_from": origin})]
    kept += [log.data] if log.data else []
    kept += [record for record in log.epochs if record.epoch <= epochs]
    last = kept[-1].finished_at if isinstance(kept[-1], EpochRecord) else log.attempt.started_at
    kept.append(EndRecord(exit_code=exit_codes.STOPPED, message=f"copied from run {origin}", finished_at=last))
    return "".join(map(write_line, kept))


def _reader(first: bytes) -> Callable[[bytes], Record]:
    """The reader for the lines of a log, chosen by the schema version in its first line."""
    try:
        content = from_json(first)
    except ValueError:
        content = None
    if isinstance(content, dict) and content.get("schema_version") == 1:
        from gridctl_trainer.contract.released.records_v1 import read_record

        return read_record
    return _read_record


def _read_record(line: bytes) -> Record:
    record = _RECORD.validate_json(line, strict=True)
    if not isinstance(record, EpochRecord) or line.count(b'"') != _quotes(record):
        require_keys_once(line)
    return record


def _read_line(read: Callable[[bytes], Record], line: bytes, where: str) -> Record:
    try:
        return read(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"][1:])
        said = f"{field}: {first['msg']}" if field else first["msg"]
        raise MetricLogError(f"not a record of a metric log: {shortened(said)}", where=where) from None
    except ValueError as error:
        raise MetricLogError(f"not a record of a metric log: {error}", where=where) from None


def _quotes(record: EpochRecord) -> int:
    """How many quotation marks the line has if no key is repeated; it then needs no second parser."""
    keys = len(record.model_fields_set) + len(record.sets)
    for found in record.sets.values():
        keys += len(found.model_fields_set) + len(found.scores) + len(found.per_batch)
        keys += sum(1 + len(reasons) for reasons in found.undefined.values())
    return 2 * keys + 2 * 2  # `kind` and `finished_at` are strings


def _require_order(records: list[Record], where: object) -> None:
    """Check that an attempt logs itself, then its data, then each epoch once from where it resumed.

    Raises:
        MetricLogError: The log is in another order: lines are missing, repeated or moved.
    """
    first, rest = records[0], records[1:]
    kinds = [record.kind for record in rest]
    if kinds.count("attempt") or kinds.count("data") > 1:
        raise MetricLogError("it has more than one attempt or data record", where=where)
    epochs = [record.epoch for record in rest if isinstance(record, EpochRecord)]
    begin = first.resumed_epoch + 1 if isinstance(first, AttemptRecord) else 1
    for expected, epoch in enumerate(epochs, begin):
        if epoch != expected:
            raise MetricLogError(f"epoch {epoch} is where epoch {expected} belongs", where=where)


def _require_ranges(records: list[Record], where: object) -> None:
    """Check that all validated epochs have the same scores, including those of validation, each within its metric's
    range.

    Raises:
        MetricLogError: An epoch lacks a score, has another one, or has one out of range.
    """
    attempt = records[0]
    metrics = attempt.metrics if isinstance(attempt, AttemptRecord) else {}
    bounds: dict[str, tuple[float, float]] = {}
    expected: Set[str] | None = None
    for record in records:
        if not isinstance(record, EpochRecord) or not record.sets:
            continue
        names = _score_names(record)
        expected = names if expected is None else expected
        if lacking := names ^ expected:
            what = f"epoch {record.epoch} has other scores than those before it: {', '.join(sorted(lacking)[:3])}"
            raise MetricLogError(what, where=where)
        if VALIDATION not in record.sets:
            raise MetricLogError(f"epoch {record.epoch} has no scores of the set {VALIDATION}", where=where)
        for of_set, found in record.sets.items() if metrics else ():
            for key, value in found.scores.items():
                low, high = bounds[key] if key in bounds else bounds.setdefault(key, _bounds(key, metrics))
                if not low <= value <= high:
                    what = f"{of_set}.{key} of epoch {record.epoch} is {value}, not {low:g} to {high:g}"
                    raise MetricLogError(what, where=where)


def _score_names(record: EpochRecord) -> Set[str]:
    """Names of the scores of all sets, including those that no image has a value for."""
    return {f"{of_set}.{key}" for of_set, found in record.sets.items() for key in (*found.scores, *found.undefined)}


def in_ranges(key: str, metrics: Mapping[str, MetricInfo], values: Iterable[float]) -> bool:
    """Whether scores are within the range of their metric.

    Args:
        key: Name of the score within its set.
        metrics: The attempt's descriptions of its metrics; a metric without one has no bounds.
        values: The scores of all epochs.
    """
    if not metrics:
        return True
    low, high = _bounds(key, metrics)
    if low == -math.inf and high == math.inf:
        return True
    return all(low <= value <= high for value in values)


def _bounds(key: str, metrics: Mapping[str, MetricInfo]) -> tuple[float, float]:
    try:
        info = metrics.get(ScoreName.parse(f"set.{key}").metric)
    except ValueError:
        info = None
    low = -math.inf if info is None or info.low is None else info.low
    return low, math.inf if info is None or info.high is None else info.high
