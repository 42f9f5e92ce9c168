"""The allowed values of a field that has only a few."""

from __future__ import annotations

from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin


def few_values(annotation: Any) -> list[str]:
    """The values of a type that has only some: of a Literal or an enumeration, true and false; none of others."""
    values = list(dict.fromkeys(_values(annotation)))
    return values if values != ["null"] else []


def _values(annotation: Any) -> list[str]:
    if annotation is bool:
        return ["true", "false"]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation]
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return [value for inner in get_args(annotation) for value in _values(inner)]
    return ["null"] if annotation is type(None) else []
