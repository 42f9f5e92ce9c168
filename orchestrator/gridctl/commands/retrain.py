"""One finished run trained again on this machine, apart from its store: does it come to the same weights and scores?"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridctl.collection.specifications import different_values, flat
from gridctl.commands.lookup.experiments import Found, stored_experiment
from gridctl.commands.lookup.runs import match_runs
from gridctl.errors import InputError
from gridctl.executors.trainer_command import train_apart, weights_in_store
from gridctl.terminal import console
from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.layout import RunLayout, attempt_of, experiment_prefix
from gridctl_trainer.contract.records.attempt_log import AttemptLog, merge, read_attempt
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.spec import SCHEMA_VERSION, RunSpec
from gridctl_trainer.storage.base import Store, open_store
from gridctl_trainer.storage.folder import FolderStore


@dataclass(frozen=True, slots=True)
class Retrained:
    """What came of it.

    Attributes:
        run_id: The run.
        chosen: How it was chosen, in words.
        same: Whether weights and scores of every epoch are the same, bit for bit.
        expected: Whether that can be expected: the same versions, device, threads and data.
        differences: What is not the same, in sentences.
        elsewhere: Why it cannot be expected: what was another then.
    """

    run_id: str
    chosen: str
    same: bool
    expected: bool
    differences: Sequence[str]
    elsewhere: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Trained:
    """A finished run, as its store has it."""

    result: ResultRecord
    logs: Sequence[AttemptLog]


def retrain_stored(store_url: str, name: str, run: str | None, seed: int, data: Mapping[str, str | Path]) -> Retrained:
    """Train a finished run of a stored experiment again, as `retrain` does.

    Args:
        store_url: Where the experiment is kept.
        name: Its name.
        run: As of `retrain`.
        seed: As of `retrain`.
        data: As of `retrain`.

    Raises:
        InputError: As `retrain`.
        StoreError: The store cannot be reached.
    """
    store = open_store(store_url)
    experiment = stored_experiment(store, name)
    places = {key: str(path) if "://" in str(path) else str(Path(path).absolute()) for key, path in data.items()}
    return retrain(Found(experiment, store, experiment.backend, None), run, seed, places)


def retrain(found: Found, name: str | None, seed: int, data: Mapping[str, str]) -> Retrained:
    """Train a finished run again into a temporary store and compare; nothing is written into the experiment's.

    Args:
        found: The experiment.
        name: A run's id, or a beginning of it; None takes one at random.
        seed: Of that choice.
        data: Where data sets lie on this machine, by their name in `data`, if not where the specification says.

    Raises:
        InputError: No run of it is finished, the named one is not, or it cannot be trained here.
        StoreError: The store cannot be reached.
    """
    run, chosen = _chosen(found, name, seed)
    store, layout = found.store, RunLayout(run.experiment, run.run_id)
    then = _read(store, layout, run)
    console.say(f"{run.run_id}: {chosen}; it is trained again here, apart from {store.url}")
    stored = f"{store.url}/{layout.spec}"
    in_checkpoint, damage = weights_in_store(stored)
    with tempfile.TemporaryDirectory(prefix="gridctl-retrain-") as folder:
        apart = FolderStore(Path(folder))
        apart.put(layout.spec, _here(run, data, then).to_json())
        code = train_apart(f"{folder}/{layout.spec}", run.training.threads)
        if code != exit_codes.DONE:
            raise InputError(
                f"{run.run_id} cannot be trained again here (the trainer ended with exit code {code})",
                where=stored,
                fix="put right what it says above; data that lie elsewhere are given by --data NAME=PATH",
            )
        now = _read(apart, layout, run)
    differences = [*_of_store(then, in_checkpoint, damage), *_of_weights(then, now), *_of_logs(then, now)]
    elsewhere = list(_elsewhere(then, now))
    return Retrained(run.run_id, chosen, not differences, not elsewhere, differences, elsewhere)


def _chosen(found: Found, name: str | None, seed: int) -> tuple[RunSpec, str]:
    if name is not None:
        runs = match_runs(found, [name])
        if len(runs) != 1:
            raise InputError(f"{len(runs)} runs begin with '{name}'", where="--run", fix="give more of the run's id")
        if not found.store.exists(RunLayout(runs[0].experiment, runs[0].run_id).result):
            raise InputError(f"{runs[0].run_id} is not finished", where="--run", fix="name one that is")
        _require_trainable(runs[0])
        return runs[0], "named by --run"
    listed = {stat.key for stat in found.store.list(experiment_prefix(found.experiment.name))}
    done = [run for run in found.experiment.runs if RunLayout(run.experiment, run.run_id).result in listed]
    if not done:
        raise InputError(f"no run of {found.experiment.name} is finished", fix="wait for one: gridctl status")
    run = random.Random(seed).choice(sorted(done, key=lambda run: run.run_id))
    _require_trainable(run)
    return run, f"chosen by seed {seed} from {console.count(len(done), 'finished run')}"


def _require_trainable(run: RunSpec) -> None:
    if run.schema_version != SCHEMA_VERSION:
        raise InputError(
            f"{run.run_id} was trained by an earlier version of gridctl, whose runs are not trained any more",
            fix="train it again with that version",
        )


def _here(run: RunSpec, data: Mapping[str, str], then: _Trained) -> RunSpec:
    """The specification with what is only recorded changed to this machine's: its id and digest stay."""
    content: dict[str, Any] = json.loads(run.to_json())
    places = {keys[-1]: keys for keys, _ in run.data.places}
    for name, path in data.items():
        if name not in places:
            raise InputError(f"there is no data set '{name}'", where="--data", fix=f"name one of {', '.join(places)}")
        section = content["data"]
        for key in places[name]:
            section = section[key]
        section["path"] = path
    if all(log.attempt.device.startswith("cpu") for log in then.logs):
        content["training"]["device"] = "cpu"
    here = RunSpec.from_json(json.dumps(content), where=run.run_id)
    assert here.run_id == run.run_id
    return here


def _read(store: Store, layout: RunLayout, run: RunSpec) -> _Trained:
    where = f"{store.url}/{layout.result}"
    result = ResultRecord.of_run(run, store.get(layout.result).data, where)
    keys = [stat.key for stat in store.list(layout.attempts) if attempt_of(stat.key)]
    return _Trained(result, [read_attempt(store.get(key).data, f"{store.url}/{key}") for key in sorted(keys)])


def _of_store(then: _Trained, in_checkpoint: str, damage: str) -> Iterator[str]:
    """Whether the checkpoint holds the weights that the result says."""
    if damage:
        yield f"the weights in the store cannot be read: {shortened(damage.splitlines()[0])}"
    elif in_checkpoint != then.result.weights_sha256:
        yield (
            f"{then.result.checkpoint} holds weights with SHA-256 {in_checkpoint[:12]}, and the run's result says "
            f"{then.result.weights_sha256[:12]}"
        )


def _of_weights(then: _Trained, now: _Trained) -> Iterator[str]:
    if then.result.weights_sha256 != now.result.weights_sha256:
        yield (
            f"trained again it has weights with SHA-256 {now.result.weights_sha256[:12]}, and the run's result says "
            f"{then.result.weights_sha256[:12]}"
        )
    if {**then.result.sets} != {**now.result.sets}:
        yield "trained again it has other final scores than its result"


def _of_logs(then: _Trained, now: _Trained) -> Iterator[str]:
    """The first epoch that is not the same, and in what."""
    before = {record.epoch: record.scores for _, record in merge(then.logs)}
    after = {record.epoch: record.scores for _, record in merge(now.logs)}
    if before.keys() != after.keys():
        yield f"the metric log has {len(before)} epochs, and trained again it has {len(after)}"
    for epoch in sorted(before.keys() & after.keys()):
        changed = different_values(dict(flat(before[epoch])), dict(flat(after[epoch])))
        if changed:
            path, (was, is_) = next(iter(changed.items()))
            yield f"the metric log differs from epoch {epoch} on: {path} was {was}, and trained again it is {is_}"
            return


def _elsewhere(then: _Trained, now: _Trained) -> Iterator[str]:
    """In what versions, device, threads or data the attempts of then differ from the one of now."""
    said: dict[str, None] = {}
    here = now.logs[-1]
    for log in then.logs:
        for name in sorted(log.attempt.versions.keys() | here.attempt.versions.keys()):
            was, is_ = log.attempt.versions.get(name, "none"), here.attempt.versions.get(name, "none")
            if was != is_:
                said[f"{name} was {was}, and is {is_} here"] = None
        for field in ("device", "device_name", "threads", "git_sha"):
            was, is_ = getattr(log.attempt, field), getattr(here.attempt, field)
            if was != is_:
                said[f"{field.replace('_', ' ')} was {was or 'unknown'}, and is {is_ or 'unknown'} here"] = None
        if log.data is not None and here.data is not None:
            names = sorted(log.data.digests.keys() | here.data.digests.keys())
            for name in names:
                if log.data.digests.get(name) != here.data.digests.get(name):
                    said[f"data of {name} are others (SHA-256 of what was read)"] = None
            if log.data.split_digest != here.data.split_digest:
                said["patients of training and validation are others"] = None
    yield from said
