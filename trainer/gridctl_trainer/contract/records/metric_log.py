"""The metric log that one attempt writes.

JSON lines, each with a `kind`: `attempt` first, `data` once the images are read, then one line for each `epoch`, and
`end` if the process shuts down in an orderly way. Each attempt writes only its own object, so a pod kept alive by a
node partition cannot spoil its successor's log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from pydantic import Field

from gridctl_trainer.contract.errors import MetricLogError
from gridctl_trainer.contract.fields.bounds import Attempt, Count, Epoch, ExitCode, Loss, PositiveLoss, Seconds, Time
from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.plugin_provenance import PluginProvenance
from gridctl_trainer.contract.records.set_scores import ScoreKey, SetKey, SetScores

LOG_SCHEMA_VERSION: Final = 2


class AttemptRecord(Frozen):
    """First line: which attempt this is, and what it runs on.

    Attributes:
        run_id: Id of the run.
        attempt: The attempt's number, from 1.
        uid: Distinguishes attempts with the same number: the pod's uid or a random one.
        started_at: Start time, with time zone.
        host: Name of the machine or pod.
        git_sha: Commit of the trainer's source, `<commit>+dirty.<digest>` with changes; empty if unknown.
        image: Container image; empty outside a container.
        versions: Library versions by distribution name, and `python`.
        metrics: Description of each metric that it computes, by name, so that readers of the scores need not have it
            installed. Empty in older logs.
        device: `cpu` or `cuda:0`.
        device_name: Model of that device.
        threads: CPU threads used.
        resumed_epoch: Epochs that were already complete; 0 for a start from scratch.
        resumed_step: Steps of the next epoch that were already taken.
        copied_from: Id of the run that wrote this log, if the run continues from one that differs only in its number of
            epochs; empty for a run's own log.
        plugins: Provenance of every plugin that the run uses.
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
    """The patients and images of one set.

    Attributes:
        patients: Ids of the patients, sorted.
        images: Number of slices.
    """

    patients: tuple[str, ...]
    images: Count


class DataRecord(Frozen):
    """Second line: which data were read, and how they were split.

    Attributes:
        data_digest: SHA-256 over the prepared images and masks of all data sets.
        digests: The same digest for each data set, by its name in `data`; `train` is the one that is split.
        split_digest: SHA-256 over the patients of both halves.
        sets: Contents of each set: `train`, `validation` and every other scored set, by name.
        train_steps: Optimizer steps per epoch.
        parameters: Number of trainable parameters of the model; None in older logs.
        left_out: Patients who were excluded because their images are copies of another patient's: who and why, by the
            name of the data set.
    """

    kind: Literal["data"] = "data"
    data_digest: str
    digests: Mapping[SetKey, str] = Field(default_factory=dict)
    split_digest: str
    sets: Mapping[SetKey, SetData]
    train_steps: Count
    parameters: Count | None = None
    left_out: Mapping[SetKey, Mapping[str, str]] = Field(default_factory=dict)


class EpochRecord(Frozen):
    """One line per epoch.

    Attributes:
        epoch: The epoch, from 1.
        train_loss: Mean training loss over the epoch's images, each as computed for its optimizer step.
        skipped_steps: Optimizer steps skipped because the loss or gradient was not finite.
        learning_rate: Learning rate of the epoch's last step; None if it is constant throughout the run.
        sets: Scores by name of the set: `validation` and the external sets; empty for an epoch without validation.
        seconds: Wall time of the epoch in this attempt, validation included.
        images_per_second: Training images per second of training time.
        peak_memory_bytes: Peak memory of the device, or of the process on CPU.
        finished_at: Time of the end, with time zone.
    """

    kind: Literal["epoch"] = "epoch"
    epoch: Epoch
    train_loss: Loss
    skipped_steps: Count = 0
    learning_rate: PositiveLoss | None = None
    sets: dict[SetKey, SetScores]
    seconds: Seconds
    images_per_second: float = Field(ge=0, le=1e15)
    peak_memory_bytes: Count
    finished_at: Time

    @property
    def named_scores(self) -> dict[str, float]:
        """Every score by its full name, such as `validation.soft_dice.left_ventricle`."""
        return {f"{name}.{key}": value for name, found in self.sets.items() for key, value in found.scores.items()}

    @property
    def scores(self) -> dict[str, Any]:
        """What must be the same however often the run was interrupted: everything except the timings."""
        return self.model_dump(exclude={"seconds", "images_per_second", "peak_memory_bytes", "finished_at"})


class EndRecord(Frozen):
    """Last line of an attempt that was able to report its end.

    Attributes:
        exit_code: Exit code, one of `exit_codes`.
        message: Why it ended, for the user; empty if the run finished.
        finished_at: Time of the end, with time zone.
    """

    kind: Literal["end"] = "end"
    exit_code: ExitCode
    message: str = ""
    finished_at: Time


Record = AttemptRecord | DataRecord | EpochRecord | EndRecord


def write_line(record: Record) -> str:
    """Format a record as one line.

    Raises:
        MetricLogError: A number in the record is not finite; the message names it.
    """
    content = record.model_dump(mode="json")
    if not content.get("copied_from", "-"):
        del content["copied_from"]  # rare
    if content.get("learning_rate", 0) is None:
        del content["learning_rate"]
    for of_set in content.get("sets", {}).values():
        if not of_set.get("undefined", "-"):
            del of_set["undefined"]  # usually every image has every score
    for path, value in _numbers(content):
        if value != value or value in (float("inf"), float("-inf")):
            raise MetricLogError(f"{path} is {value}", fix="lower training.learning_rate, or look at the data")
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n"


def _numbers(value: Any, path: str = "") -> Iterable[tuple[str, float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _numbers(item, f"{path}[{index}]")
    elif isinstance(value, float):
        yield path, value
