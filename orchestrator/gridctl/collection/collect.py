"""Store -> two tidy tables: one row per run, one row per epoch."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

import pandas as pd

from gridctl.collection.implausible_ejection_fraction import remark
from gridctl.collection.read_cache import ReadCache
from gridctl.collection.waiting_submission import held_by_submissions
from gridctl.experiment.measures import Measures, measures_of
from gridctl.terminal.console import count
from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import MetricLogError, NotFoundError, Problem, StoreError, shortened
from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.contract.layout import RunLayout, attempt_of, experiment_prefix, is_waiting_submission, run_of
from gridctl_trainer.contract.metric_info import MetricInfo
from gridctl_trainer.contract.records.metric_log import AttemptLog, EpochRecord, merge, read_attempt
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Stat, Store, require_size

_AT_ONCE: Final = 16
_MAX_LOG_BYTES: Final = 512 << 20
_SHOWN_MESSAGE: Final = 2000
"""Characters of why a run ended."""

OnRead = Callable[[int, int], None]

RUN_COLUMNS: Final[dict[str, str]] = {
    "run_id": "str",
    "model": "str",
    "train_ratio": "float64",
    "ablation": "str",
    "seed": "int64",
    "fold": "object",
    "epochs": "int64",
    "epochs_done": "int64",
    "finished": "bool",
    "attempts": "int64",
    "resumed": "bool",
    "deterministic": "bool",
    "changed": "str",
    "interruptions": "int64",
    "busy_seconds": "float64",
    "exit_code": "float64",
    "message": "str",
    "seconds_per_epoch": "float64",
    "train_seconds": "float64",
    "device": "str",
    "device_name": "str",
    "host": "str",
    "last_host": "str",
    "image": "str",
    "git_sha": "str",
    "versions": "str",
    "split_digest": "str",
    "data_digest": "str",
    "weights_sha256": "str",
    "log": "str",
    "copied_from": "str",
    "last_seen": "float64",
    "last_written": "float64",
    "cancelled_at": "float64",
}
"""Columns of `Collected.runs`.

`fold` is None without folds.
`exit_code` and `last_host` are those of the newest attempt, NaN while it says nothing; other columns of a machine are
those of the attempt that trained the last epoch. `interruptions` counts
attempts that were stopped, or vanished and were followed by another one. `busy_seconds` adds
up all attempts, from their start to their last sign of life; `train_seconds` only epochs that count.
`deterministic` is what the specification asks for. `changed` names the columns (`data_digest`, `device_name`, ...) that
are not the same for all attempts from which the run is made, with spaces between; mostly it is empty.
`log` is the key of what the newest attempt prints, empty before the first; `last_seen` is the newest
sign of life of any attempt, in seconds since the epoch, by that machine's clock. `last_written` is when any attempt
last wrote an object, by the store's clock; `cancelled_at` when `gridctl cancel` stopped the run, if no submission
resumed it since. `copied_from` is the run whose epochs it went on from, empty for none. Behind them there is a column
for each score, with that of the latest epoch.
"""

EPOCH_COLUMNS: Final[dict[str, str]] = {
    "run_id": "str",
    "model": "str",
    "train_ratio": "float64",
    "ablation": "str",
    "seed": "int64",
    "fold": "object",
    "epoch": "int64",
    "train_loss": "float64",
    "seconds": "float64",
    "attempt": "int64",
}
"""Columns of `Collected.epochs`, before those of scores."""

FUNCTION_COLUMNS: Final[Mapping[str, str]] = {
    "run_id": "str",
    "model": "str",
    "train_ratio": "float64",
    "ablation": "str",
    "seed": "int64",
    "fold": "object",
    "set": "str",
    "patient": "str",
    "true_edv_ml": "float64",
    "true_esv_ml": "float64",
    "true_ef": "float64",
    "predicted_edv_ml": "float64",
    "predicted_esv_ml": "float64",
    "predicted_ef": "float64",
    "remark": "str",
}
"""Columns of `Collected.function`; `predicted_ef` is NaN where the model finds no cavity at end-diastole. `remark`
says what cannot be of a living heart, or hardly; it is empty for most."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What the store holds of an experiment.

    Attributes:
        runs: A row a wanted run, in the order of the grid; columns as `RUN_COLUMNS`, and one for each score of
            `measures`, such as `validation.soft_dice.left_ventricle`: that of the latest epoch.
        epochs: A row an epoch of them; columns as `EPOCH_COLUMNS`, and one for each score; NaN where it has none.
        problems: Objects that could not be read, and what is wrong with them.
        others: Finished runs in the store that the grid does not hold, or no longer.
        function: A row a patient of each finished run; columns as `FUNCTION_COLUMNS`.
        measures: Every score that the runs are to have or have, by name, as their logs describe its metric.
        held: What holds a run whose Job is not created yet, by run id: a submission that waits for room.
    """

    runs: pd.DataFrame
    epochs: pd.DataFrame
    problems: Sequence[Problem]
    others: Sequence[str]
    function: pd.DataFrame = field(default_factory=lambda: _frame([], FUNCTION_COLUMNS))
    measures: Measures = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _RunObjects:
    """What was read of one run."""

    logs: list[AttemptLog] = field(default_factory=list)
    result: ResultRecord | None = None


@dataclass(slots=True)
class _Times:
    """What the listing alone tells of a run, in seconds since the epoch."""

    last_written: float = math.nan
    cancelled_at: float = math.nan

    def note(self, layout: RunLayout, stat: Stat) -> None:
        if stat.key == layout.cancelled:
            self.cancelled_at = stat.modified
        elif stat.key.startswith((layout.attempts, layout.checkpoints)):
            self.last_written = (
                stat.modified if math.isnan(self.last_written) else max(stat.modified, self.last_written)
            )


def collect(
    store: Store, runs: Sequence[RunSpec], cache: ReadCache | None = None, on_read: OnRead | None = None
) -> Collected:
    """Read the metric logs and results of an experiment's runs.

    One listing says what there is; objects are then read many at a time, and those of a
    remote store only if they changed since they were last read on this machine. A damaged
    object is a problem of its run, not the end of the collection.

    Args:
        store: Where they are.
        runs: Those wanted; all of one experiment.
        cache: Of objects read before; by default this user's.
        on_read: Called after each object with how many are read, and of how many.

    Raises:
        StoreError: The store cannot be reached.
    """
    if not runs:
        raise ValueError("there is no run to collect")
    wanted = {run.run_id: run for run in runs}
    chosen: list[tuple[str, Stat]] = []
    problems: list[Problem] = []
    others: dict[str, None] = {}
    times: dict[str, _Times] = defaultdict(_Times)
    waiting: list[Stat] = []
    for stat in store.list(experiment_prefix(runs[0].experiment)):
        layout = run_of(stat.key)
        if layout is None:
            if is_waiting_submission(stat.key):
                waiting.append(stat)
            continue
        if layout.run_id not in wanted:
            if stat.key == layout.result:
                others[layout.run_id] = None
            continue
        times[layout.run_id].note(layout, stat)
        if attempt_of(stat.key) or stat.key == layout.result:
            chosen.append((layout.run_id, stat))
        elif misplaced := _misplaced(layout, stat.key):
            problems.append(Problem(misplaced, f"{store.url}/{stat.key}", "move it elsewhere, or delete it"))
    cache = cache or ReadCache.of(store)
    objects = _read(store, wanted, chosen, cache, problems, on_read)
    run_rows, epoch_rows, function_rows = [], [], []
    logged: dict[str, MetricInfo] = {}
    scored: dict[str, None] = {}
    for run in runs:
        read = objects.get(run.run_id, _RunObjects())
        merged = merge(read.logs)
        problems += _gaps(run, read, merged)
        cell = _cell(run)
        for log, record in merged:
            logged |= log.attempt.metrics
            scored |= dict.fromkeys(record.named_scores)
        run_rows.append(cell | _run_row(run, read, merged) | asdict(times[run.run_id]))
        epoch_rows += [cell | _epoch_row(log, record) for log, record in merged]
        if read.result:
            function_rows += [cell | dict(patient) | {"remark": remark(patient)} for patient in read.result.function]
    measures = measures_of(runs, logged, scored)
    of_scores = dict.fromkeys(measures, "float64")
    return Collected(
        runs=_frame(run_rows, RUN_COLUMNS | of_scores),
        epochs=_frame(epoch_rows, EPOCH_COLUMNS | of_scores),
        problems=problems,
        others=tuple(others),
        function=_frame(function_rows, FUNCTION_COLUMNS),
        measures=measures,
        held=held_by_submissions(store, waiting, cache),
    )


def _read(
    store: Store,
    wanted: Mapping[str, RunSpec],
    chosen: Sequence[tuple[str, Stat]],
    cache: ReadCache,
    problems: list[Problem],
    on_read: OnRead | None,
) -> dict[str, _RunObjects]:
    objects: dict[str, _RunObjects] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        read = pool.map(lambda item: _get(store, item[1], cache), chosen)
        for number, ((run_id, stat), data) in enumerate(zip(chosen, read, strict=True), 1):
            if on_read is not None:
                on_read(number, len(chosen))
            if isinstance(data, StoreError):
                problems += data.problems
                continue
            if data is None:
                continue  # deleted since it was listed
            of_run = objects.setdefault(run_id, _RunObjects())
            try:
                if attempt_of(stat.key):
                    of_run.logs.append(_log_of(run_id, stat.key, data, f"{store.url}/{stat.key}"))
                else:
                    of_run.result = ResultRecord.of_run(wanted[run_id], data, f"{store.url}/{stat.key}")
            except (MetricLogError, StoreError) as error:
                if data or not attempt_of(stat.key):  # an attempt's first write may still be on its way
                    problems += error.problems
    return objects


def _misplaced(layout: RunLayout, key: str) -> str:
    """What is wrong with a key that is near those of logs and results; empty if nothing."""
    if key.startswith(f"{layout.result}/"):
        return "it lies in a folder that has the name of the run's result"
    if key.startswith(layout.attempts) and ".jsonl" in key:
        return "it lies among the metric logs, and is not named as one"
    return ""


def _log_of(run_id: str, key: str, data: bytes, where: str) -> AttemptLog:
    log = read_attempt(data, where)
    if (log.attempt.run_id, attempt_of(key)) != (run_id, log.name):
        raise MetricLogError(
            f"it is the log of attempt {log.attempt.attempt} of another run, {shortened(log.attempt.run_id)}"
            if log.attempt.run_id != run_id
            else f"its first line is that of another attempt, {log.attempt.attempt}-{shortened(log.attempt.uid)}",
            where=where,
        )
    return log


def _get(store: Store, stat: Stat, cache: ReadCache) -> bytes | StoreError | None:
    """An object; None if it is gone; what is wrong with this one object, while others may be well.

    Raises:
        StoreError: The store cannot be reached.
    """
    limit = _MAX_LOG_BYTES if attempt_of(stat.key) else ResultRecord.max_bytes
    try:
        require_size(stat.size_bytes, limit, f"{store.url}/{stat.key}")
        return cache.get(stat.key, stat.etag, lambda: store.get(stat.key, limit))
    except NotFoundError:
        return None
    except StoreError as error:
        if error.passing:
            raise
        return error


def _gaps(run: RunSpec, read: _RunObjects, merged: Sequence[tuple[AttemptLog, EpochRecord]]) -> list[Problem]:
    """A finished run whose log lacks epochs would score wrongly in silence."""
    lacking = set(range(1, run.training.epochs + 1)) - {record.epoch for _, record in merged}
    if read.result is None or not lacking:
        return []
    return [
        Problem(
            f"the run is finished, but its metric log lacks {len(lacking)} of {count(run.training.epochs, 'epoch')}",
            RunLayout(run.experiment, run.run_id).attempts,
            "bring the log back, or delete the run from the store to train it anew",
        )
    ]


def _run_row(run: RunSpec, read: _RunObjects, merged: Sequence[tuple[AttemptLog, EpochRecord]]) -> dict[str, Any]:
    logs = sorted(read.logs, key=lambda log: (log.attempt.attempt, log.attempt.started_at, log.attempt.uid))
    newest = logs[-1] if logs else None
    last = merged[-1] if merged else None
    told = (last[0] if last else newest) if newest else None
    seconds = pd.Series([record.seconds for _, record in merged], dtype="float64")
    data = next((log.data for log in reversed(logs) if log.data), None)
    return {
        "epochs": run.training.epochs,
        "epochs_done": len(merged),
        "finished": read.result is not None and len(merged) >= run.training.epochs,
        "attempts": len(logs),
        "resumed": any(log.attempt.resumed_epoch or log.attempt.resumed_step for log in logs),
        "deterministic": run.training.deterministic,
        "changed": " ".join(_changed(logs)),
        "interruptions": sum(1 for log in logs if _was_interrupted(log, newest)),
        "busy_seconds": sum(_busy_seconds(log) for log in logs),
        "exit_code": float(newest.end.exit_code) if newest and newest.end else float("nan"),
        "message": shortened(newest.end.message, _SHOWN_MESSAGE) if newest and newest.end else "",
        "seconds_per_epoch": seconds.median(),
        "train_seconds": seconds.sum(),
        "device": told.attempt.device if told else "",
        "device_name": told.attempt.device_name if told else "",
        "host": told.attempt.host if told else "",
        "last_host": newest.attempt.host if newest else "",
        "image": told.attempt.image if told else "",
        "git_sha": told.attempt.git_sha if told else "",
        "versions": json.dumps(dict(told.attempt.versions), sort_keys=True) if told else "",
        "split_digest": data.split_digest if data else "",
        "data_digest": data.data_digest if data else "",
        "weights_sha256": read.result.weights_sha256 if read.result else "",
        "log": RunLayout(run.experiment, run.run_id).attempt_output(newest.name) if newest else "",
        "copied_from": next((log.attempt.copied_from for log in logs if log.attempt.copied_from), ""),
        "last_seen": max(map(_last_seen, logs)).timestamp() if logs else float("nan"),
        **(last[1].named_scores if last else {}),
    }


def _changed(logs: Sequence[AttemptLog]) -> Iterator[str]:
    """Columns in which the attempts differ that trained the run, from the last that began from nothing."""
    trained = [log for log in logs if log.data is not None]
    starts = [
        number for number, log in enumerate(trained) if not (log.attempt.resumed_epoch or log.attempt.resumed_step)
    ]
    made_of = trained[starts[-1] if starts else 0 :]
    for column in ("split_digest", "data_digest"):
        if len({getattr(log.data, column) for log in made_of}) > 1:
            yield column
    for column in ("image", "git_sha", "device_name", "versions"):
        if len({canonical_json(log.attempt.model_dump()[column]) for log in made_of}) > 1:
            yield column


def _was_interrupted(log: AttemptLog, newest: AttemptLog | None) -> bool:
    if log.attempt.copied_from:
        return False
    if log.end is None:
        return log is not newest
    return log.end.exit_code == exit_codes.STOPPED


def _busy_seconds(log: AttemptLog) -> float:
    return (_last_seen(log) - log.attempt.started_at).total_seconds()


def _last_seen(log: AttemptLog) -> datetime:
    signs = [record.finished_at for record in log.epochs] + ([log.end.finished_at] if log.end else [])
    return max(log.attempt.started_at, *signs) if signs else log.attempt.started_at


def _epoch_row(log: AttemptLog, record: EpochRecord) -> dict[str, Any]:
    return {
        "epoch": record.epoch,
        "train_loss": record.train_loss,
        "seconds": record.seconds,
        "attempt": log.attempt.attempt,
        **record.named_scores,
    }


def _cell(run: RunSpec) -> dict[str, Any]:
    """What names a run; its id is a digest, so this is made once a run and not once an epoch."""
    return {
        "run_id": run.run_id,
        "model": run.model,
        "train_ratio": run.train_ratio,
        "ablation": run.ablation,
        "seed": run.seed,
        "fold": run.fold,
    }


def _frame(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns)).astype(dict(columns))
