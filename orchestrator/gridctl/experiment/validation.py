"""Turns pydantic's errors into messages for the author of an experiment file."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, Protocol, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from gridctl.errors import InputError, Problem
from gridctl.experiment.document import Document, Location
from gridctl.experiment.known_keys import what_was_meant
from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.frozen import misread
from gridctl_trainer.contract.location import LocationMistake
from gridctl_trainer.contract.suggest import did_you_mean
from gridctl_trainer.contract.wording import problem_text, shown

M = TypeVar("M", bound=BaseModel)

_SET: Final = "--set "
_FOR_ONE: Final = "for one item write "
_MAY_BE_LEFT_OUT: Final = "write a value, or leave the key out"
_SUGGESTIONS: Final = 100
"""How many mistakes of one section get a suggestion; more are never shown."""


class AddProblem(Protocol):
    """Receives one mistake: the field, what is wrong, what to do."""

    def __call__(self, location: Location, what: str, fix: str = "") -> None: ...


class Problems:
    """The mistakes found so far, each once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._found: dict[Problem, None] = {}

    def add(self, location: Location, what: str, fix: str = "") -> None:
        """Add a mistake at a field of the document."""
        where, given = self._document.where(location), fix.removeprefix(_FOR_ONE)
        if where.startswith(_SET) and given != fix:  # to be typed again, in a shell
            fix = f"{_FOR_ONE}{shlex.join(['--set', f'{where.removeprefix(_SET)}={given}'])}"
        self._found[self._document.problem(location, what, fix)] = None

    def raise_if_any(self) -> None:
        """Raise all of them, in the order of their lines.

        Raises:
            InputError: There are some.
        """

        def line(problem: Problem) -> tuple[str, int]:
            source, _, number = problem.where.rpartition(":")
            return (source, int(number)) if number.isdigit() else (problem.where, 0)

        if self._found:
            raise InputError(sorted(self._found, key=line))


def validate(
    model: type[M], value: Any, at: Location, report: AddProblem, only: Collection[str] | None = None
) -> M | None:
    """Validate one section.

    Args:
        model: What it should be.
        value: What was written.
        at: Where it was written.
        report: Receives every mistake, with suggestions for unknown keys and values.
        only: If given, mistakes in other keys are not reported (another caller does).

    Returns:
        The section; None if anything is wrong with it.
    """
    try:
        made = model.model_validate(value)
    except ValidationError as error:
        for number, item in enumerate(error.errors(include_url=False)):
            location = tuple(part for part in item["loc"] if not _is_form(part))
            if only is None or not location or location[0] in only:
                what, fix = _what_and_fix(model, item, location, suggest=number < _SUGGESTIONS)
                report((*at, *location), what, fix)
        return None
    changed = [(location, text) for location, text in misread(value, made) if only is None or location[0] in only]
    for location, text in changed:
        report((*at, *location), f"expected a number, got {text}")
    return None if changed else made


def _is_form(part: str | int) -> bool:
    """Whether a part of a location is not a key: `[key]` of a mapping, or the form of a value."""
    return isinstance(part, str) and part.startswith("[")


def _what_and_fix(model: type[BaseModel], item: Any, location: Location, *, suggest: bool) -> tuple[str, str]:
    if item["type"] == "extra_forbidden":
        key = str(location[-1])
        known = list(_fields_at(model, location[:-1]))
        return f"unknown key '{shortened(key, 60)}'", what_was_meant(key, known) if suggest else ""
    if item["type"] == "missing":
        return "is missing", ""
    if item["type"] == "literal_error":
        known = re.findall(r"'([^']*)'", str(item["ctx"]["expected"]))
        return f"unknown value {shortened(repr(item['input']))}", did_you_mean(item["input"], known)
    if item["type"] == "tuple_type" and not isinstance(item["input"], dict):
        given = shortened(str(item["input"]))
        what = f"expected a list, got {shown(item['input'])}"
        return what, f"{_FOR_ONE}[{given}]" if item["input"] not in (None, "") else ""
    mistake = item.get("ctx", {}).get("error")
    if isinstance(mistake, LocationMistake):
        return mistake.what, mistake.fix
    scalar = isinstance(item["input"], bool | int | float)
    if item["type"] == "string_type" and scalar:
        return problem_text(item), "write it in quotes"
    if item["input"] is None:
        return problem_text(item), "write a value" if _is_required(model, location) else _MAY_BE_LEFT_OUT
    return problem_text(item), ""


def _is_required(model: type[BaseModel], location: Location) -> bool:
    """Whether the key at a location is required."""
    fields = _fields_at(model, location[:-1])
    field = fields.get(str(location[-1])) if location else None
    return field is not None and field.is_required()


def _fields_at(model: type[BaseModel], location: Location) -> Mapping[str, FieldInfo]:
    for part in location:
        if isinstance(part, str) and part in model.model_fields:
            nested = next(_models_in(model.model_fields[part].annotation), None)
            if nested is None:
                return {}
            model = nested
    return model.model_fields


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
