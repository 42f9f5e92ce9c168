"""The metric log: what one attempt writes.

JSON lines, each with a `kind`: `attempt` first, `data` once the images are read, then one
line for each `epoch`, and `end` when the process ends in an orderly way. Each attempt writes
only its own object, so a pod kept alive by a node partition cannot spoil its successor's log.
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
        parameters: Learned numbers of the model; None in logs of before.
        left_out: Patients who are in none of them because their images are another patient's: of each data set that
            was read, by name, who and why.
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
        epoch: From 1.
        train_loss: Mean over the epoch's images of the loss their step was taken on.
        skipped_steps: Steps not taken because their loss or gradient was not finite.
        learning_rate: Of the epoch's last step; None where it is the same throughout the run.
        sets: Scores by name of the set: `validation`, and those of other data; empty where it was not validated.
        seconds: Wall time of the epoch in this attempt, validation included.
        images_per_second: Training images per second of training time.
        peak_memory_bytes: Of the device, or of the process on CPU.
        finished_at: Time with zone.
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
        """Every score by its whole name, `validation.soft_dice.left_ventricle`."""
        return {f"{name}.{key}": value for name, found in self.sets.items() for key, value in found.scores.items()}

    @property
    def scores(self) -> dict[str, Any]:
        """What must be the same however often the run was interrupted: all but the timings."""
        return self.model_dump(exclude={"seconds", "images_per_second", "peak_memory_bytes", "finished_at"})


class EndRecord(Frozen):
    """Last line of an attempt that ended in an orderly way.

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


def write_line(record: Record) -> str:
    """One record as one line.

    Raises:
        MetricLogError: A number in it is not finite; named.
    """
    content = record.model_dump(mode="json")
    if not content.get("copied_from", "-"):
        del content["copied_from"]  # rare
    if content.get("learning_rate", 0) is None:
        del content["learning_rate"]
    for of_set in content.get("sets", {}).values():
        if not of_set.get("undefined", "-"):
            del of_set["undefined"]  # mostly every image has every score
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
