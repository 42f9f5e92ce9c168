"""The possible values of a field that has only a few."""

from __future__ import annotations

from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin


def few_values(annotation: Any) -> list[str]:
    """The possible values of a Literal, an enumeration or a bool; empty for any other type."""
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
