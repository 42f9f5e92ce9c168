"""Reads all epoch lines of a log at once and checks them by column, with the types and bounds of `EpochRecord`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence, Set
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
    """Epochs in the order of their lines, one value per epoch in every column."""

    epoch: Sequence[int]
    train_loss: Sequence[float]
    seconds: Sequence[float]
    skipped_steps: Sequence[int]
    validated: Sequence[bool]
    scores: Mapping[str, Sequence[float]]
    last_finished_at: datetime | None


def read_epoch_lines(lines: Sequence[bytes]) -> EpochLines | None:
    """Read epoch lines.

    Args:
        lines: One line per epoch.

    Returns:
        The epochs; None if the lines do not all have one form and must be read one by one.

    Raises:
        ValueError: They are not epochs.
    """
    if not lines:
        return EpochLines((), (), (), (), (), {}, None)
    records = from_json(b"[" + b",".join(lines) + b"]", allow_inf_nan=False, cache_strings="keys")
    if len(records) != len(lines) or set(map(type, records)) != {dict}:
        return None
    names = records[0].keys()
    if not _required() <= names <= EpochRecord.model_fields.keys() or not _all_have(records, names):
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
    """Each score of every epoch, NaN where there is none, and how many keys hold them.

    Returns:
        None if an epoch has other scores than those before.

    Raises:
        ValueError: They are not scores of sets.
    """
    validated = [of_epoch for of_epoch in sets if of_epoch != {}]
    if not validated:
        return {}, 0
    if set(map(type, validated)) != {dict}:
        return None
    names = validated[0].keys()
    if VALIDATION not in names or not _all_have(validated, names):
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
        for key, of_validated in _by_score([item["scores"] for item in found]):
            values = of_validated
            if len(found) < len(sets):
                each = iter(of_validated)
                values = [next(each) if of_epoch != {} else math.nan for of_epoch in sets]
            made[f"{name}.{key}"] = values
    if len(made) > sum(len(item["scores"]) for item in validated[0].values()):  # then by their first epochs
        appeared = ((name, key) for of_epoch in validated for name, item in of_epoch.items() for key in item["scores"])
        made = {f"{name}.{key}": made[f"{name}.{key}"] for name, key in dict.fromkeys(appeared)}
    return made, keys


def _by_score(scores: Sequence[dict[str, float]]) -> Iterator[tuple[str, Sequence[float]]]:
    """Each score of a set in every epoch that was validated, NaN where there is none.

    Raises:
        ValueError: It is not a score.
    """
    alike = _all_have(scores, scores[0].keys())
    for key in scores[0] if alike else dict.fromkeys(key for item in scores for key in item):
        if alike:
            values = [item[key] for item in scores]
            _losses().validate_python(values, strict=True)
        else:
            values = [item.get(key, math.nan) for item in scores]
            _losses().validate_python([value for value in values if value == value], strict=True)
        yield key, values


def _keys_of_one_form(found: Sequence[dict[str, Any]]) -> int | None:
    """How many keys a set has in all epochs, if its scores have the same names in each of them.

    Raises:
        ValueError: They are not scores of a set.
    """
    names = found[0].keys()
    if not {"images", "scores"} <= names <= _OF_A_SET:
        return None
    scores = [item["scores"] for item in found]
    if set(map(type, scores)) != {dict}:
        return None
    _images().validate_python([item["images"] for item in found], strict=True)
    given = {key: [item[key] for item in found if key in item] for key in ("per_batch", "undefined")}
    for key, values in given.items():
        if values.count({}) != len(values):
            _nested(key).validate_python(values, strict=True)
    scored = scores[0].keys() | found[0].get("undefined", {}).keys()
    _keys().validate_python(list(scored), strict=True)
    per_batch = sum(map(len, given["per_batch"]))
    if not given["undefined"] and _all_have(found, names) and _all_have(scores, scored):
        return len(found) * (len(names) + len(scored)) + per_batch
    keys = per_batch
    for item in found:
        undefined = item.get("undefined", {})
        if not item.keys() <= _OF_A_SET or item["scores"].keys() | undefined.keys() != scored:
            return None
        keys += len(item) + len(item["scores"]) + sum(1 + len(reasons) for reasons in undefined.values())
    return keys


def _all_have(items: Sequence[dict[str, Any]], names: Set[str]) -> bool:
    if not items or items[0].keys() != names:
        return not items
    in_order = [*map(list, items)].count(list(items[0])) == len(items)  # as usual, and found faster
    return in_order or all(item.keys() == names for item in items)


@cache
def _required() -> frozenset[str]:
    return frozenset(name for name, info in EpochRecord.model_fields.items() if info.is_required()) | {"kind"}


@cache
def _column(name: str) -> TypeAdapter[Any]:
    """The validator for the values of one field in all epochs, as `EpochRecord` declares it."""
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
