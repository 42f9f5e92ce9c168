"""Which runs of two models belong together, which pairs are left out, and which are unlike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

MUST_BE_ALIKE: Final[Mapping[str, str]] = {
    "split_digest": "the split",
    "data_digest": "the images",
    "epochs": "the number of epochs",
    "image": "the container image",
    "git_sha": "the trainer's commit",
    "versions": "library versions",
    "device_name": "the device",
    "resumed": "having been resumed",
}
"""Columns of `Collected.runs` that both halves of a pair should share, and what they are called."""


@dataclass(frozen=True, slots=True)
class DroppedPair:
    """A pair of the grid that cannot be tested, and why.

    Attributes:
        metric: The one it cannot be tested on; empty for all.
    """

    train_ratio: float
    ablation: str
    seed: int
    reason: str
    metric: str = ""


@dataclass(frozen=True, slots=True)
class UnlikePair:
    """A pair whose halves ran under different conditions.

    Attributes:
        fields: Columns that differ.
        said: The same in words.
    """

    train_ratio: float
    ablation: str
    seed: int
    fields: tuple[str, ...]
    said: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of two models.

    Attributes:
        complete: A row a pair that can be tested: train_ratio, ablation, seed, and the run ids
            `model_run` and `against_run`.
        dropped: All others of the grid.
        unlike: Those of `complete` and of `dropped` whose halves differ in what should be alike.
    """

    complete: pd.DataFrame
    dropped: Sequence[DroppedPair]
    unlike: Sequence[UnlikePair]


def pair_runs(runs: pd.DataFrame, model: str, against: str, *, strict: bool) -> Pairs:
    """Pair the runs of two models on everything but the model.

    Args:
        runs: As `Collected.runs`.
        model: Name of the first.
        against: Name of the second.
        strict: Drop unlike pairs too.
    """
    keys = ["train_ratio", "ablation", "seed"]
    first = runs[runs["model"] == model].set_index(keys)
    second = runs[runs["model"] == against].set_index(keys)
    complete, dropped, unlike = [], [], []
    for key in first.index.union(second.index, sort=False):
        ratio, ablation, seed = float(key[0]), str(key[1]), int(key[2])
        halves = {name: _row(table, key) for name, table in ((model, first), (against, second))}
        reasons = [reason for name, row in halves.items() if (reason := _why_not(name, row))]
        if not reasons:
            a, b = (row for row in halves.values() if row is not None)
            fields = tuple(field for field in MUST_BE_ALIKE if a[field] != b[field])
            if fields:
                said = ", ".join(_difference(field, a, b) for field in fields)
                unlike.append(UnlikePair(ratio, ablation, seed, fields, said))
                reasons = [f"unlike in {said}"] if strict else []
            if not reasons:
                complete.append((ratio, ablation, seed, a["run_id"], b["run_id"]))
        if reasons:
            dropped.append(DroppedPair(ratio, ablation, seed, "; ".join(reasons)))
    columns = [*keys, "model_run", "against_run"]
    return Pairs(pd.DataFrame(complete, columns=columns), dropped, unlike)


def _row(table: pd.DataFrame, key: Any) -> Mapping[str, Any] | None:
    return table.loc[[key]].to_dict("records")[0] if key in table.index else None  # type: ignore[return-value]


def _why_not(model: str, row: Mapping[str, Any] | None) -> str:
    if row is None:
        return f"{model} is not in the grid"
    if row["finished"]:
        return ""
    if not row["epochs_done"]:
        return f"{model} has no epoch yet"
    return f"{model} is at epoch {row['epochs_done']} of {row['epochs']}"


def _difference(field: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    name = MUST_BE_ALIKE[field]
    if field in ("device_name", "epochs", "image", "resumed"):
        return f"{name} ({first[field] or 'none'}, {second[field] or 'none'})"
    return name
