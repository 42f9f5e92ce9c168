"""What belongs to the identity of a run: every field of its specification says so itself.

    epochs: Annotated[int, DECIDES] = 200      # another value is another run
    threads: Annotated[int, RECORDED] = 1      # noted, but the run stays the same one

A value equal to its default is left out, so an option that is added later renames no run. A default is
therefore never changed: that takes a new value of the option, or another schema version.
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
    """Whether a field is a part of the identity."""

    decides: bool


DECIDES: Final = Role(decides=True)
"""It can change the result."""

RECORDED: Final = Role(decides=False)
"""It cannot, or it is found by reading: a path, a device, an interval, the version of a plugin."""


def role_of(section: type[BaseModel], name: str) -> Role:
    """What a field has declared of itself.

    Raises:
        TypeError: It declares nothing: nobody has decided it.
    """
    for mark in section.model_fields[name].metadata:
        if isinstance(mark, Role):
            return mark
    raise TypeError(f"{section.__name__}.{name} has to be marked as DECIDES or RECORDED")


def identity(section: BaseModel, *, with_defaults: bool = False) -> dict[str, Any]:
    """All of a section that can change the result and differs from its default, as JSON.

    Args:
        section: A specification, or a part of one.
        with_defaults: Whether what has its default is there as well: to be shown, not to name a run by.

    Raises:
        TypeError: A field in it declares nothing.
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
    """Of a field: its value, and what that is as JSON if it is a section."""

    value: Any
    content: Mapping[str, Any] | None


@cache
def _deciding(section: type[BaseModel]) -> Sequence[tuple[str, _Default | None]]:
    """The fields of a section that can change the result, each with its default; None for one that has to be given."""
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
