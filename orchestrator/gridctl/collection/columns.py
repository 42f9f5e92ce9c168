"""Columns of the tables that are collected, by name, with their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_RUN: Final[Mapping[str, str]] = {
    "run_id": "str",
    "model": "str",
    "train_ratio": "float64",
    "ablation": "str",
    "seed": "int64",
    "fold": "object",
}
"""Columns that name the run of a row."""

RUN_COLUMNS: Final[dict[str, str]] = {
    **_RUN,
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
    "plugins": "str",
    "split_digest": "str",
    "data_digest": "str",
    "set_digests": "str",
    "weights_sha256": "str",
    "parameters": "float64",
    "updates": "float64",
    "set_sizes": "str",
    "left_out": "str",
    "log": "str",
    "copied_from": "str",
    "last_seen": "float64",
    "last_written": "float64",
    "cancelled_at": "float64",
}
"""Columns of `Collected.runs`; `fold` is None without folds.

`exit_code` and `last_host` are those of the newest attempt, NaN while it says nothing; other columns of a machine are
those of the attempt that trained the last epoch. `interruptions` counts
attempts that were stopped, or vanished and were followed by another one. `busy_seconds` adds
up all attempts, from their start to their last sign of life; `train_seconds` only epochs that count.
`deterministic` is what the specification asks for. `changed` names the columns (`data_digest`, `device_name`, ...) that
are not the same for all attempts that contribute to the run, separated by spaces; mostly it is empty.
`plugins` says which code of plugins made it, those of gridctl left out, and `set_digests` which images were read
of each data set; both are JSON, empty for none. `log` is the key of the newest attempt's output, empty before the
first; `last_seen` is the newest sign of life of any attempt, in seconds since the epoch, by that machine's clock.
`parameters` is the number of trainable parameters, and `updates` that of optimizer steps; NaN where a log
does not say. `set_sizes` is JSON: patients and images of each set by its name, empty before images are read. `left_out`
is JSON: who is in no set, and why, by data set; empty if everybody is in one.
`last_written` is when any attempt last wrote an object, by the store's clock; `cancelled_at` when `gridctl cancel`
stopped the run, if no submission resumed it since. `copied_from` is the run whose epochs it went on from, empty for
none. They are followed by one column per score, with the value of the latest epoch.
"""

EPOCH_COLUMNS: Final[dict[str, str]] = {
    **_RUN,
    "epoch": "int64",
    "train_loss": "float64",
    "seconds": "float64",
    "attempt": "int64",
}
"""Columns of `Collected.epochs`, before those of scores."""

FUNCTION_COLUMNS: Final[Mapping[str, str]] = {
    **_RUN,
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
names values that are impossible or implausible for a living heart; it is empty for most."""

CASE_COLUMNS: Final[dict[str, str]] = {
    "run_id": "category",
    "model": "category",
    "train_ratio": "float64",
    "ablation": "category",
    "seed": "int64",
    "fold": "category",
    "checkpoint": "category",
    "epoch": "int32",
    "set": "category",
    "patient": "category",
    "time_point": "category",
    "structure": "category",
    "metric": "category",
    "value": "float64",
    "undefined": "category",
    "group": "category",
    "vendor": "category",
    "centre": "category",
    "slices": "int32",
    "true_positive": "float64",
    "false_positive": "float64",
    "false_negative": "float64",
}
"""Columns of `Collected.cases`: one row per metric of a case and structure.

`checkpoint` is `final`, `best` or `epoch`. `value` is NaN where `undefined` says why there is no number. `time_point`
is `patient` for metrics of all time points of a patient; voxel counts are NaN there.
"""
