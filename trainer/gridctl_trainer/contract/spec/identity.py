"""The identity of a run. Every field of a specification declares whether it is part of it.

    epochs: Annotated[int, DECIDES] = 200      # another value makes another run
    threads: Annotated[int, RECORDED] = 1      # recorded, but the run stays the same

A value that equals its default is left out, so an option that is added later renames no run. For the same reason, a
default must never change; that takes a new value of the option, or another schema version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

from gridctl_trainer.contract.spec.choice import Choice


@dataclass(frozen=True, slots=True)
class Role:
    """Whether a field is part of a run's identity."""

    decides: bool


DECIDES: Final = Role(decides=True)
"""The field can change the result."""

RECORDED: Final = Role(decides=False)
"""The field cannot change the result, or is found out by reading: a path, a device, an interval, a plugin's version."""


def role_of(section: type[BaseModel], name: str) -> Role:
    """The role that a field declares.

    Raises:
        TypeError: The field declares none.
    """
    for mark in section.model_fields[name].metadata:
        if isinstance(mark, Role):
            return mark
    raise TypeError(f"{section.__name__}.{name} must be marked as DECIDES or RECORDED")


def identity(section: BaseModel, *, with_defaults: bool = False) -> dict[str, Any]:
    """Everything in a section that can change the result and differs from its default, as JSON.

    Args:
        section: A specification, or a section of one.
        with_defaults: Whether to include values that equal their default. This is for showing, not for naming a run.

    Raises:
        TypeError: A field in the section does not declare its role.
    """
    content: dict[str, Any] = {}
    chosen = section.chosen_fields if isinstance(section, Choice) else None
    for name, default in _deciding(type(section)):
        if chosen is not None and name not in chosen:
            continue
        value = getattr(section, name)
        if default is not None and not with_defaults and value == default.value:
            continue
        found = _as_json(section, name, value, with_defaults=with_defaults)
        if default is not None and not with_defaults and default.content is not None and found == default.content:
            continue
        content[name] = found
    return content


@dataclass(frozen=True, slots=True)
class _Default:
    """The default of a field. If it is a section, `content` is its identity."""

    value: Any
    content: Mapping[str, Any] | None


@cache
def _deciding(section: type[BaseModel]) -> Sequence[tuple[str, _Default | None]]:
    """The fields of a section that can change the result, each with its default; None for a required field."""
    found: list[tuple[str, _Default | None]] = []
    for name, field in section.model_fields.items():
        if not role_of(section, name).decides:
            continue
        value = None if field.is_required() else field.get_default(call_default_factory=True)
        content = identity(value) if isinstance(value, BaseModel) else None
        found.append((name, None if field.is_required() else _Default(value, content)))
    return found


_AS_THEY_ARE: Final = (str, int, float, bool, type(None))


def _as_json(section: BaseModel, name: str, value: Any, *, with_defaults: bool) -> Any:
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, BaseModel):
        return identity(value, with_defaults=with_defaults)
    if isinstance(value, Mapping) and any(isinstance(item, BaseModel) for item in value.values()):
        return {key: identity(item, with_defaults=with_defaults) for key, item in value.items()}
    if isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value):
        return [identity(item, with_defaults=with_defaults) for item in value]
    return section.model_dump(mode="json", include={name})[name]
