"""Which runs belong together, which pairs are left out, and which are unlike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from trainer.contract import exit_codes

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

_SHOWN: Final = ("device_name", "epochs", "image", "resumed")
"""Those whose values are short enough to be said."""

_MESSAGE_LENGTH: Final = 80


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
class Pair:
    """Two finished runs, and the fields in which they are unlike."""

    train_ratio: float
    ablation: str
    against_ablation: str
    seed: int
    model_run: str
    against_run: str
    unlike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of one comparison.

    Attributes:
        complete: Those that can be tested.
        dropped: All others of the grid.
        unlike: Those of `complete` and of `dropped` whose halves differ in what should be alike.
        alone: Finished runs whose partner is not, by cell (train ratio, ablation): of the model
            and of the other. What an unpaired test is left with where no pair is complete.
    """

    complete: Sequence[Pair]
    dropped: Sequence[DroppedPair]
    unlike: Sequence[UnlikePair]
    alone: Mapping[tuple[float, str], tuple[Sequence[str], Sequence[str]]]


_Row = Mapping[Any, Any]


RunRows = Mapping[tuple[str, float, str, int], Mapping[Any, Any]]
"""Rows of `Collected.runs` by model, train ratio, ablation and seed."""


def rows_by_name(runs: pd.DataFrame) -> RunRows:
    """Rows of `Collected.runs`, to be found by what names a run."""
    rows: list[dict[Any, Any]] = runs.to_dict("records")
    return {(str(r["model"]), float(r["train_ratio"]), str(r["ablation"]), int(r["seed"])): r for r in rows}


def pair_models(rows: RunRows, model: str, against: str, *, strict: bool) -> Pairs:
    """Pair the runs of two models on everything but the model.

    Args:
        rows: All runs of the grid.
        model: Name of the first.
        against: Name of the second.
        strict: Drop unlike pairs too.
    """
    keys = dict.fromkeys(key[1:] for key in rows if key[0] in (model, against))
    halves = (
        _Halves(*key, key[1], (model, rows.get((model, *key))), (against, rows.get((against, *key)))) for key in keys
    )
    return _paired(halves, tuple(MUST_BE_ALIKE), strict=strict)


def pair_ablations(rows: RunRows, model: str, ablations: Iterable[str], *, strict: bool) -> Pairs:
    """Pair a model's runs under each ablation with those under `none`.

    Args:
        rows: All runs of the grid.
        model: Whose.
        ablations: All but `none`.
        strict: Drop unlike pairs too. Images may differ: that is what a preprocessing ablation does.
    """
    wanted = set(ablations)
    halves = (
        _Halves(ratio, ablation, seed, "none", (ablation, row), ("none", rows.get((model, ratio, "none", seed))))
        for (name, ratio, ablation, seed), row in rows.items()
        if name == model and ablation in wanted
    )
    return _paired(halves, tuple(field for field in MUST_BE_ALIKE if field != "data_digest"), strict=strict)


@dataclass(frozen=True, slots=True)
class _Halves:
    train_ratio: float
    ablation: str
    seed: int
    against_ablation: str
    first: tuple[str, _Row | None]
    second: tuple[str, _Row | None]

    def reasons(self) -> Iterator[str]:
        for name, row in (self.first, self.second):
            if reason := _why_not(name, row):
                yield reason

    def unlike(self, fields: Sequence[str]) -> tuple[str, ...]:
        a, b = self.first[1] or {}, self.second[1] or {}
        return tuple(field for field in fields if a[field] != b[field])


def _paired(halves: Iterable[_Halves], fields: Sequence[str], *, strict: bool) -> Pairs:
    complete, dropped, unlike = [], [], []
    alone: dict[tuple[float, str], tuple[list[str], list[str]]] = {}
    for both in halves:
        place = (both.train_ratio, both.ablation, both.seed)
        reasons = list(both.reasons())
        if reasons:
            of_cell = alone.setdefault((both.train_ratio, both.ablation), ([], []))
            for (_, row), runs in zip((both.first, both.second), of_cell, strict=True):
                if row is not None and row["finished"]:
                    runs.append(str(row["run_id"]))
        else:
            a, b = both.first[1] or {}, both.second[1] or {}
            differing = both.unlike(fields)
            if differing:
                said = ", ".join(_difference(field, a, b) for field in differing)
                unlike.append(UnlikePair(*place, differing, said))
                reasons = [f"unlike in {said}"] if strict else []
            if not reasons:
                runs_of_both = (str(a["run_id"]), str(b["run_id"]))
                complete.append(
                    Pair(both.train_ratio, both.ablation, both.against_ablation, both.seed, *runs_of_both, differing)
                )
        if reasons:
            dropped.append(DroppedPair(*place, "; ".join(reasons)))
    return Pairs(complete, dropped, unlike, alone)


def _why_not(name: str, row: _Row | None) -> str:
    if row is None:
        return f"{name} is not in the grid"
    if row["finished"]:
        return ""
    progress = f"at epoch {row['epochs_done']} of {row['epochs']}"
    if row["exit_code"] in (exit_codes.BUG, *exit_codes.NEVER_RETRIED):
        message = str(row["message"]).partition("\n")[0]
        short = message if len(message) <= _MESSAGE_LENGTH else f"{message[: _MESSAGE_LENGTH - 1]}…"
        return f"{name} failed {progress}{f': {short}' if short else ''}"
    return f"{name} is {progress}" if row["epochs_done"] else f"{name} has no epoch yet"


def _difference(field: str, first: _Row, second: _Row) -> str:
    name = MUST_BE_ALIKE[field]
    if field in _SHOWN:
        return f"{name} ({_said(first[field])}, {_said(second[field])})"
    return name


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value or "unknown")
