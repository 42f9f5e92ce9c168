"""The rows of tables, from the metric logs of runs."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from gridctl.collection.attempt_columns import AttemptColumns, EpochColumns, MergedColumns, in_order
from gridctl.collection.run_objects import RunObjects
from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.spec import RunSpec

_SHOWN_MESSAGE: Final = 2000
"""Characters kept of the reason why a run ended."""


def run_row(run: RunSpec, read: RunObjects, merged: MergedColumns) -> dict[str, Any]:
    """The values of `RUN_COLUMNS` for a run, without its cell and what only the listing shows, and its latest scores.

    Args:
        run: The run.
        read: Its objects.
        merged: Its epochs.
    """
    logs = in_order(read.logs)
    newest = logs[-1] if logs else None
    told = merged.last or newest
    data = next((log.data for log in reversed(logs) if log.data), None)
    done = len(merged.epochs.epoch)
    return {
        "epochs": run.training.epochs,
        "epochs_done": done,
        "finished": read.result is not None and done >= run.training.epochs,
        "attempts": len(logs),
        "resumed": any(log.attempt.resumed_epoch or log.attempt.resumed_step for log in logs),
        "deterministic": run.training.deterministic,
        "changed": " ".join(_changed(logs)),
        "interruptions": sum(1 for log in logs if _was_interrupted(log, newest)),
        "busy_seconds": sum(_busy_seconds(log) for log in logs),
        "exit_code": float(newest.end.exit_code) if newest and newest.end else float("nan"),
        "message": shortened(newest.end.message, _SHOWN_MESSAGE) if newest and newest.end else "",
        "seconds_per_epoch": _seconds_per_epoch(run, merged.epochs),
        "train_seconds": math.fsum(merged.epochs.seconds),
        "device": told.attempt.device if told else "",
        "device_name": told.attempt.device_name if told else "",
        "host": told.attempt.host if told else "",
        "last_host": newest.attempt.host if newest else "",
        "image": told.attempt.image if told else "",
        "git_sha": told.attempt.git_sha if told else "",
        "versions": json.dumps(dict(told.attempt.versions), sort_keys=True) if told else "",
        "plugins": _plugins(told) if told else "",
        "split_digest": data.split_digest if data else "",
        "data_digest": data.data_digest if data else "",
        "set_digests": canonical_json(dict(data.digests)) if data and data.digests else "",
        "weights_sha256": read.result.weights_sha256 if read.result else "",
        "parameters": _parameters(logs),
        "updates": float(merged.updates) if data else float("nan"),
        "set_sizes": canonical_json({name: [len(of.patients), of.images] for name, of in data.sets.items()})
        if data
        else "",
        "left_out": canonical_json({name: dict(of) for name, of in data.left_out.items()})
        if data and data.left_out
        else "",
        "log": RunLayout(run.experiment, run.run_id).attempt_output(newest.name) if newest else "",
        "copied_from": next((log.attempt.copied_from for log in logs if log.attempt.copied_from), ""),
        "last_seen": max(map(_last_seen, logs)).timestamp() if logs else float("nan"),
        **merged.latest_scores,
    }


def _parameters(logs: Sequence[AttemptColumns]) -> float:
    """From the newest attempt; attempts of earlier versions do not record it."""
    known = [log.data.parameters for log in logs if log.data and log.data.parameters is not None]
    return float(known[-1]) if known else float("nan")


def _seconds_per_epoch(run: RunSpec, epochs: EpochColumns) -> float:
    """The median; if only some epochs are validated, the medians of both kinds, weighted by frequency."""
    told = list(zip(epochs.seconds, epochs.validated, strict=True))
    kinds = [[seconds for seconds, was in told if was == validated] for validated in (1, 0)]
    medians = [statistics.median(kind) if kind else math.nan for kind in kinds]
    if not all(kinds):
        return medians[0] if kinds[0] else medians[1]
    share = 1 / run.training.validate_every_epochs
    return share * medians[0] + (1 - share) * medians[1]


def _changed(logs: Sequence[AttemptColumns]) -> Iterator[str]:
    """Columns in which the run's attempts differ, from the last one that started from the beginning."""
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
    if len(set(map(_plugins, made_of))) > 1:
        yield "plugins"


def _plugins(log: AttemptColumns) -> str:
    """The code of the plugins that an attempt used, as JSON; empty if all of them came with gridctl."""
    found = [item.model_dump(mode="json") for item in log.attempt.plugins if not item.is_own]
    return canonical_json(sorted(found, key=lambda item: (item["kind"], item["name"]))) if found else ""


def _was_interrupted(log: AttemptColumns, newest: AttemptColumns | None) -> bool:
    if log.attempt.copied_from:
        return False
    if log.end is None:
        return log is not newest
    return log.end.exit_code == exit_codes.STOPPED


def _busy_seconds(log: AttemptColumns) -> float:
    return (_last_seen(log) - log.attempt.started_at).total_seconds()


def _last_seen(log: AttemptColumns) -> datetime:
    signs = (log.attempt.started_at, log.last_finished_at, log.end.finished_at if log.end else None)
    return max(sign for sign in signs if sign is not None)


def cell_of(run: RunSpec) -> dict[str, Any]:
    """The fields that name a run; its id is a digest, so this is computed once per run and not once per epoch."""
    return {
        "run_id": run.run_id,
        "model": run.model,
        "train_ratio": run.train_ratio,
        "ablation": run.ablation,
        "seed": run.seed,
        "fold": run.fold,
    }
