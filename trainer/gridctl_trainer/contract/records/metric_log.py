"""The metric log: what one attempt writes, and how the logs of a run merge.

JSON lines, each with a `kind`: `attempt` first, `data` once the images are read, then an
line for each `epoch`, and `end` when the process ends in an orderly way. Each attempt writes
only its own object, so a pod kept alive by a node partition cannot spoil its successor's log.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import MetricLogError, shortened
from gridctl_trainer.contract.fields.bounds import Attempt, Count, Epoch, ExitCode, Loss, Seconds, Time
from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.json_text import require_keys_once
from gridctl_trainer.contract.layout import AttemptName
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.plugin_provenance import PluginProvenance
from gridctl_trainer.contract.records.set_scores import ScoreKey, SetKey, SetScores
from gridctl_trainer.contract.score_name import VALIDATION, ScoreName

LOG_SCHEMA_VERSION: Final = 2


class AttemptRecord(Frozen):
    """First line: who is trying, and on what.

    Attributes:
        run_id: The run.
        attempt: Its number, from 1.
        uid: What tells two attempts of one number apart: the pod's or a random one.
        started_at: Time of start, with zone.
        host: Name of the machine or pod.
        git_sha: Commit of the trainer's source, `<commit>+dirty.<digest>` with changes; empty if unknown.
        image: Container image; empty outside a container.
        versions: Library versions by distribution name, and `python`.
        metrics: What is known of each metric that it computes, by name: whoever reads the scores need not have it
            installed. Empty in logs of before.
        device: `cpu` or `cuda:0`.
        device_name: Model of that device.
        threads: CPU threads used.
        resumed_epoch: Epochs that were already done; 0 for a start from nothing.
        resumed_step: Steps of the next epoch that were already done.
        copied_from: Id of the run whose log this is, where one that differs in its number of epochs alone goes on
            from it; empty for a run's own log.
        plugins: Whose code it used, of every plugin of the run.
    """

    kind: Literal["attempt"] = "attempt"
    schema_version: Literal[2] = LOG_SCHEMA_VERSION
    run_id: str
    attempt: Attempt
    uid: str
    started_at: Time
    host: str = ""
    git_sha: str = ""
    image: str = ""
    versions: Mapping[str, str] = Field(default_factory=dict)
    metrics: Mapping[ScoreKey, MetricInfo] = Field(default_factory=dict)
    device: str
    device_name: str = ""
    threads: int = Field(ge=1, le=1 << 20)
    resumed_epoch: Count = 0
    resumed_step: Count = 0
    copied_from: str = ""
    plugins: tuple[PluginProvenance, ...] = ()


class SetData(Frozen):
    """Who is in one set.

    Attributes:
        patients: Their ids, sorted.
        images: Slices.
    """

    patients: tuple[str, ...]
    images: Count


class DataRecord(Frozen):
    """Second line: what was read, and how it was split.

    Attributes:
        data_digest: SHA-256 over the prepared images and masks of all data sets.
        digests: The same of each data set, by its name in `data`: `train` for the one that is split.
        split_digest: SHA-256 over the patients of both halves.
        sets: Who is in each: `train`, `validation`, and every other set that is scored, by name.
        train_steps: Optimizer steps of one epoch.
    """

    kind: Literal["data"] = "data"
    data_digest: str
    digests: Mapping[SetKey, str] = Field(default_factory=dict)
    split_digest: str
    sets: Mapping[SetKey, SetData]
    train_steps: Count


class EpochRecord(Frozen):
    """One line per epoch.

    Attributes:
        epoch: From 1.
        train_loss: Mean over the epoch's images of the loss their step was taken on.
        skipped_steps: Steps not taken because their loss or gradient was not finite.
        sets: Scores by name of the set: `validation`, and those of other data.
        seconds: Wall time of the epoch in this attempt, validation included.
        images_per_second: Training images per second of training time.
        peak_memory_bytes: Of the device, or of the process on CPU.
        finished_at: Time with zone.
    """

    kind: Literal["epoch"] = "epoch"
    epoch: Epoch
    train_loss: Loss
    skipped_steps: Count = 0
    sets: dict[SetKey, SetScores]
    seconds: Seconds
    images_per_second: float = Field(ge=0, le=1e15)
    peak_memory_bytes: Count
    finished_at: Time

    @property
    def validation(self) -> SetScores:
        """Scores on the validation patients."""
        return self.sets[VALIDATION]

    @property
    def named_scores(self) -> dict[str, float]:
        """Every score by its whole name, `validation.soft_dice.left_ventricle`."""
        return {f"{name}.{key}": value for name, found in self.sets.items() for key, value in found.scores.items()}

    @property
    def scores(self) -> dict[str, Any]:
        """What must be the same however often the run was interrupted: all but the timings."""
        return self.model_dump(exclude={"seconds", "images_per_second", "peak_memory_bytes", "finished_at"})


class EndRecord(Frozen):
    """Last line of an attempt that could still speak.

    Attributes:
        exit_code: As in `exit_codes`.
        message: Why, for a person; empty when done.
        finished_at: Time with zone.
    """

    kind: Literal["end"] = "end"
    exit_code: ExitCode
    message: str = ""
    finished_at: Time


Record = AttemptRecord | DataRecord | EpochRecord | EndRecord
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


def write_line(record: Record) -> str:
    """One record as one line.

    Raises:
        MetricLogError: A number in it is not finite; named.
    """
    content = record.model_dump(mode="json")
    if not content.get("copied_from", "-"):
        del content["copied_from"]  # rare
    for of_set in content.get("sets", {}).values():
        if not of_set.get("undefined", "-"):
            del of_set["undefined"]  # mostly every image has every score
    for path, value in _numbers(content):
        if value != value or value in (float("inf"), float("-inf")):
            raise MetricLogError(f"{path} is {value}", fix="lower training.learning_rate, or look at the data")
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n"


def read_attempt(text: str | bytes, where: object = "") -> AttemptLog:
    """Read the metric log of one attempt.

    Args:
        text: JSON lines. A last line without its newline is a write that was cut, and is left out.
        where: Key or file named in errors.

    Raises:
        MetricLogError: A line is not a record, or the first one is not an `attempt`.
    """
    whole = text.encode() if isinstance(text, str) else text
    lines = whole.split(b"\n")[:-1]
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
    """The log of a run: for each epoch the record of the newest attempt that has it.

    Args:
        attempts: Logs of one run, in any order.

    Returns:
        Epochs in order, each with the attempt it comes from.
    """
    newest: dict[int, tuple[AttemptLog, EpochRecord]] = {}
    for log in sorted(attempts, key=lambda log: (log.attempt.attempt, log.attempt.started_at, log.attempt.uid)):
        newest.update((record.epoch, (log, record)) for record in log.epochs)
    return [newest[epoch] for epoch in sorted(newest)]


def copied_log(log: AttemptLog, run_id: str, epochs: int) -> str:
    """The log of an attempt as that of another run which goes on from it.

    Args:
        log: Of an attempt.
        run_id: The run that gets it.
        epochs: How many epochs of it hold for that run, counted from the first.
    """
    origin = log.attempt.copied_from or log.attempt.run_id
    kept: list[Record] = [log.attempt.model_copy(update={"run_id": run_id, "copied_from": origin})]
    kept += [log.data] if log.data else []
    kept += [record for record in log.epochs if record.epoch <= epochs]
    last = kept[-1].finished_at if isinstance(kept[-1], EpochRecord) else log.attempt.started_at
    kept.append(EndRecord(exit_code=exit_codes.STOPPED, message=f"copied from run {origin}", finished_at=last))
    return "".join(map(write_line, kept))


def _reader(first: bytes) -> Callable[[bytes], Record]:
    """What reads the lines of a log, by the schema version that its first line gives."""
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
    """How many quotation marks its line has if it gives each key once; a second parser need not look then."""
    keys = len(record.model_fields_set) + len(record.sets)
    for found in record.sets.values():
        keys += len(found.model_fields_set) + len(found.scores) + len(found.per_batch)
        keys += sum(1 + len(reasons) for reasons in found.undefined.values())
    return 2 * keys + 2 * 2  # `kind` and `finished_at` hold text


def _require_order(records: list[Record], where: object) -> None:
    """An attempt logs who it is, then its data, then every epoch from where it resumed, each once.

    Raises:
        MetricLogError: This log is in another order: lines were lost, doubled or moved.
    """
    first, rest = records[0], records[1:]
    kinds = [record.kind for record in rest]
    if kinds.count("attempt") or kinds.count("data") > 1:
        raise MetricLogError("it has more than one attempt or data record", where=where)
    epochs = [record.epoch for record in rest if isinstance(record, EpochRecord)]
    begin = first.resumed_epoch + 1 if isinstance(first, AttemptRecord) else 1
    for expected, epoch in enumerate(epochs, begin):
        if epoch != expected:
            raise MetricLogError(f"epoch {epoch} stands where epoch {expected} belongs", where=where)


def _require_ranges(records: list[Record], where: object) -> None:
    """Every epoch has scores on validation, and each lies within the range that the log gives for its metric.

    Raises:
        MetricLogError: They are not so.
    """
    attempt = records[0]
    metrics = attempt.metrics if isinstance(attempt, AttemptRecord) else {}
    bounds: dict[str, tuple[float, float]] = {}
    for record in records:
        if not isinstance(record, EpochRecord):
            continue
        if VALIDATION not in record.sets:
            raise MetricLogError(f"epoch {record.epoch} has no scores of the set {VALIDATION}", where=where)
        for of_set, found in record.sets.items() if metrics else ():
            for key, value in found.scores.items():
                low, high = bounds[key] if key in bounds else bounds.setdefault(key, _bounds(key, metrics))
                if not low <= value <= high:
                    what = f"{of_set}.{key} of epoch {record.epoch} is {value}, not {low:g} to {high:g}"
                    raise MetricLogError(what, where=where)


def _bounds(key: str, metrics: Mapping[str, MetricInfo]) -> tuple[float, float]:
    try:
        info = metrics.get(ScoreName.parse(f"set.{key}").metric)
    except ValueError:
        info = None
    low = -math.inf if info is None or info.low is None else info.low
    return low, math.inf if info is None or info.high is None else info.high


def _numbers(value: Any, path: str = "") -> Iterable[tuple[str, float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _numbers(item, f"{path}[{index}]")
    elif isinstance(value, float):
        yield path, value
