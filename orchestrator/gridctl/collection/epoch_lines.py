"""Lines of epochs read all at once and checked by columns: the types and bounds of `EpochRecord`, once per file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Final

from pydantic import TypeAdapter
from pydantic_core import from_json

from gridctl_trainer.contract.fields.bounds import Loss, Time
from gridctl_trainer.contract.records.metric_log import EpochRecord
from gridctl_trainer.contract.records.set_scores import ScoreKey, SetKey, SetScores
from gridctl_trainer.contract.score_name import VALIDATION

_NO_NUMBERS: Final = frozenset(("kind", "sets", "finished_at"))
_OF_A_SET: Final = frozenset(("images", "scores", "per_batch", "undefined"))


@dataclass(frozen=True, slots=True)
class EpochLines:
    """Epochs in the order of their lines, one value of each in every column."""

    epoch: Sequence[int]
    train_loss: Sequence[float]
    seconds: Sequence[float]
    skipped_steps: Sequence[int]
    validated: Sequence[bool]
    scores: Mapping[str, Sequence[float]]
    last_finished_at: datetime | None


def read_epoch_lines(lines: Sequence[bytes]) -> EpochLines | None:
    """Read them.

    Args:
        lines: Each of one epoch.

    Returns:
        None where they are not all of one form, so that somebody has to look at each.

    Raises:
        ValueError: They are not epochs.
    """
    if not lines:
        return EpochLines((), (), (), (), (), {}, None)
    records = from_json(b"[" + b",".join(lines) + b"]", allow_inf_nan=False)
    if len(records) != len(lines):
        return None
    names = records[0].keys()
    if not _required() <= names <= EpochRecord.model_fields.keys() or any(item.keys() != names for item in records):
        return None
    columns = {name: [record[name] for record in records] for name in names}
    for name in names - _NO_NUMBERS:
        _column(name).validate_python(columns[name], strict=True)
    times = _times().validate_json(json.dumps(columns["finished_at"]), strict=True)
    sets: list[dict[str, Any]] = columns["sets"]
    found = _scores(sets)
    if found is None or set(columns["kind"]) != {"epoch"}:
        return None
    scores, keys_in_sets = found
    # Two marks for each key, and for each of two texts in a line, if no key is given twice.
    if b"".join(lines).count(b'"') != 2 * (len(names) * len(lines) + keys_in_sets) + 4 * len(lines):
        return None
    return EpochLines(
        columns["epoch"],
        columns["train_loss"],
        columns["seconds"],
        columns.get("skipped_steps") or [0] * len(lines),
        [bool(of_epoch) for of_epoch in sets],
        scores,
        max(times),
    )


def _scores(sets: Sequence[dict[str, Any]]) -> tuple[Mapping[str, Sequence[float]], int] | None:
    """Each score of every epoch, NaN where there is none, and how many keys tell them.

    Returns:
        None where epochs have other scores than those before.

    Raises:
        ValueError: They are not scores of sets.
    """
    validated = [of_epoch for of_epoch in sets if of_epoch != {}]
    if not validated:
        return {}, 0
    names = validated[0].keys()
    if VALIDATION not in names or any(of_epoch.keys() != names for of_epoch in validated):
        return None
    _set_keys().validate_python(list(names), strict=True)
    made: dict[str, Sequence[float]] = {}
    keys = len(names) * len(validated)
    for name in names:
        found = [of_epoch[name] for of_epoch in validated]
        in_set = _keys_of_one_form(found)
        if in_set is None:
            return None
        keys += in_set
        for key in dict.fromkeys(key for item in found for key in item["scores"]):
            values = [item["scores"].get(key, math.nan) for item in found]
            _losses().validate_python([value for value in values if value == value], strict=True)
            if len(found) < len(sets):
                each = iter(values)
                values = [next(each) if of_epoch != {} else math.nan for of_epoch in sets]
            made[f"{name}.{key}"] = values
    return made, keys


def _keys_of_one_form(found: Sequence[dict[str, Any]]) -> int | None:
    """How many keys a set has in all epochs, if its scores have the same names in each of them.

    Raises:
        ValueError: They are not scores of a set.
    """
    names = found[0].keys()
    if not {"images", "scores"} <= names <= _OF_A_SET or any(type(item["scores"]) is not dict for item in found):
        return None
    _images().validate_python([item["images"] for item in found], strict=True)
    for key in ("per_batch", "undefined"):
        given = [item[key] for item in found if key in item]
        if any(value != {} for value in given):
            _nested(key).validate_python(given, strict=True)
    scored = found[0]["scores"].keys() | found[0].get("undefined", {}).keys()
    _keys().validate_python(list(scored), strict=True)
    if "undefined" not in names and all(item.keys() == names and item["scores"].keys() == scored for item in found):
        per_batch = sum(len(item["per_batch"]) for item in found) if "per_batch" in names else 0
        return len(found) * (len(names) + len(scored)) + per_batch
    keys = 0
    for item in found:
        undefined = item.get("undefined", {})
        if not item.keys() <= _OF_A_SET or item["scores"].keys() | undefined.keys() != scored:
            return None
        keys += len(item) + len(item["scores"]) + len(item.get("per_batch", ()))
        keys += sum(1 + len(reasons) for reasons in undefined.values())
    return keys


@cache
def _required() -> frozenset[str]:
    return frozenset(name for name, info in EpochRecord.model_fields.items() if info.is_required()) | {"kind"}


@cache
def _column(name: str) -> TypeAdapter[Any]:
    """What validates the values of one field of all epochs, as `EpochRecord` declares it."""
    info = EpochRecord.model_fields[name]
    kind: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    return TypeAdapter(list[kind])


@cache
def _times() -> TypeAdapter[list[datetime]]:
    return TypeAdapter(list[Time])


@cache
def _losses() -> TypeAdapter[Any]:
    return TypeAdapter(list[Loss])


@cache
def _images() -> TypeAdapter[Any]:
    info = SetScores.model_fields["images"]
    kind: Any = Annotated[info.annotation, *info.metadata]
    return TypeAdapter(list[kind])


@cache
def _keys() -> TypeAdapter[Any]:
    return TypeAdapter(list[ScoreKey])


@cache
def _set_keys() -> TypeAdapter[Any]:
    return TypeAdapter(list[SetKey])


@cache
def _nested(name: str) -> TypeAdapter[Any]:
    if name == "per_batch":
        return TypeAdapter(list[dict[ScoreKey, list[Loss | None]]])
    images: Any = Annotated[int, *SetScores.model_fields["images"].metadata]
    return TypeAdapter(list[dict[ScoreKey, dict[str, images]]])
