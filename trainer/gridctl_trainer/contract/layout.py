"""Every key of the store comes from here and nowhere else::

<experiment>/experiment.yaml
<experiment>/seal.json                          the plan as it was first submitted: never replaced
<experiment>/history/20261126T172535123Z-report-<uid>.json   what was declared and looked at, and when: never replaced
<experiment>/cancelled.json                     when all of it was last cancelled: submissions under way then end
<experiment>/waiting/<uid>.json                  a submission that creates Jobs a few at a time, and which are left
<experiment>/<run_id>/spec.json
                      attempts/001-<uid>.jsonl       metric log of one attempt
                      attempts/001-<uid>.log         what that attempt printed
                      checkpoints/epoch-0010.001-<uid>.pt   of attempt 1 after epoch 10, and its .json
                      checkpoints/epoch-0010-step-00007.001-<uid>.pt   within epoch 11, after 7 steps
                      cases.jsonl.gz                 every metric of every case and structure
                      result.json                    written last: the run is finished
                      cancelled.json                 `gridctl cancel` stopped it, and no submission resumed it since
                      samples/index.json             a few slices, the same for both models of a pair
                      samples/<name>.png             their pictures
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

_HISTORY = "history"
_WAITING = "waiting"
_NAME = r"(?P<number>\d{3,9})-(?P<uid>[a-z0-9][-a-z0-9]*)"
_ATTEMPT = re.compile(rf"{_NAME}\.jsonl")
_EVENT = re.compile(rf"[^/]+/{_HISTORY}/(?P<at>\d{{8}}T\d{{9}})Z-(?P<kind>[a-z]+)-[^/]+\.json")
_CHECKPOINT = re.compile(rf"epoch-(?P<epoch>\d{{4}})(?:-step-(?P<step>\d{{5,}}))?\.{_NAME}\.pt")


class Position(NamedTuple):
    """How far training has got: complete epochs, and steps of the next epoch. Ordered."""

    epoch: int
    step: int = 0


class AttemptName(NamedTuple):
    """An attempt's number, from 1, and a uid that distinguishes attempts with the same number. Ordered."""

    number: int
    uid: str


class CheckpointName(NamedTuple):
    """The training position of a checkpoint and the attempt that wrote it, so no two attempts write the same object.
    Ordered.
    """

    position: Position
    attempt: AttemptName


def experiment_prefix(experiment: str) -> str:
    """Prefix of every key of an experiment."""
    return f"{experiment}/"


def experiment_yaml(experiment: str) -> str:
    """Key of the experiment file as last submitted."""
    return f"{experiment}/experiment.yaml"


def experiment_cancelled(experiment: str) -> str:
    """Key of the record of when the whole experiment was last cancelled."""
    return f"{experiment}/cancelled.json"


def seal(experiment: str) -> str:
    """Key of the plan as it was first submitted."""
    return f"{experiment}/seal.json"


def history_prefix(experiment: str) -> str:
    """Prefix of the events in an experiment's history. Their keys sort by time."""
    return f"{experiment}/{_HISTORY}/"


def waiting_submission(experiment: str, uid: str) -> str:
    """Key of the record of a submission that is waiting for room in the cluster."""
    return f"{experiment}/{_WAITING}/{uid}.json"


def is_waiting_submission(key: str) -> bool:
    """Whether a key belongs to a waiting submission."""
    parts = key.split("/")
    return len(parts) == 3 and parts[1] == _WAITING and parts[2].endswith(".json")


def history_event(experiment: str, at: datetime, kind: str, uid: str) -> str:
    """Key of one event in an experiment's history.

    Args:
        experiment: Name of the experiment.
        at: When it happened, in UTC.
        kind: What happened.
        uid: Distinguishes events that happened at the same time.
    """
    return f"{history_prefix(experiment)}{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}Z-{kind}-{uid}.json"


def event_of(key: str) -> tuple[str, datetime] | None:
    """The kind and time of an event, read from its key; None for any other key."""
    named = _EVENT.fullmatch(key)
    if named is None:
        return None
    try:
        at = datetime.strptime(f"{named['at']}000", "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        return None
    return named["kind"], at


@dataclass(frozen=True, slots=True)
class RunLayout:
    """The keys of one run."""

    experiment: str
    run_id: str

    @property
    def prefix(self) -> str:
        return f"{self.experiment}/{self.run_id}/"

    @property
    def spec(self) -> str:
        return f"{self.prefix}spec.json"

    @property
    def result(self) -> str:
        return f"{self.prefix}result.json"

    @property
    def cases(self) -> str:
        return f"{self.prefix}cases.jsonl.gz"

    @property
    def cancelled(self) -> str:
        return f"{self.prefix}cancelled.json"

    @property
    def attempts(self) -> str:
        return f"{self.prefix}attempts/"

    @property
    def checkpoints(self) -> str:
        return f"{self.prefix}checkpoints/"

    def attempt(self, name: AttemptName) -> str:
        return f"{self.attempts}{name.number:03d}-{name.uid}.jsonl"

    def attempt_output(self, name: AttemptName) -> str:
        return f"{self.attempts}{name.number:03d}-{name.uid}.log"

    def checkpoint(self, name: CheckpointName) -> str:
        position, attempt = name
        step = f"-step-{position.step:05d}" if position.step else ""
        return f"{self.checkpoints}epoch-{position.epoch:04d}{step}.{attempt.number:03d}-{attempt.uid}.pt"

    def checkpoint_manifest(self, name: CheckpointName) -> str:
        return self.checkpoint(name).removesuffix(".pt") + ".json"

    @property
    def samples_index(self) -> str:
        return f"{self.prefix}samples/index.json"

    def sample(self, name: str) -> str:
        return f"{self.prefix}samples/{name}.png"


def run_of(key: str) -> RunLayout | None:
    """The run that a key belongs to; None for keys of the experiment itself."""
    parts = key.split("/")
    return RunLayout(parts[0], parts[1]) if len(parts) > 2 and parts[1] not in (_HISTORY, _WAITING) else None


def attempt_of(key: str) -> AttemptName | None:
    """The attempt whose metric log has this key; None if it is not the key of a metric log."""
    folder, _, name = key.rpartition("/")
    match = _ATTEMPT.fullmatch(name) if folder.endswith("/attempts") else None
    return AttemptName(int(match["number"]), match["uid"]) if match else None


def checkpoint_of(key: str) -> CheckpointName | None:
    """The checkpoint with this key; None if it is not the key of a checkpoint."""
    folder, _, name = key.rpartition("/")
    match = _CHECKPOINT.fullmatch(name) if folder.endswith("/checkpoints") else None
    if match is None:
        return None
    position = Position(int(match["epoch"]), int(match["step"] or 0))
    return CheckpointName(position, AttemptName(int(match["number"]), match["uid"]))
