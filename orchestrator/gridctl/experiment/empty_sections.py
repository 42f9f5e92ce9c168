"""Sections and lists with nothing in them: `training:` alone is treated as absent."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from gridctl.experiment.known_keys import section_of
from gridctl_trainer.contract.spec.data import NULL_LEAVES_OUT


def without_empty_sections(model: type[BaseModel], value: Any) -> Any:
    """A copy in which empty sections and lists have their defaults, except where empty is not allowed.

    Args:
        model: What the value should be.
        value: As it was written, in plain dicts, lists and scalars.
    """
    if not isinstance(value, Mapping):
        return value
    made = {}
    for key, item in value.items():
        field = model.model_fields.get(key)
        if field is None:
            made[key] = item
        elif item is None and holds_others(field.annotation):
            if field.is_required():
                made[key] = {} if section_of(field.annotation) and not _is_list(field.annotation) else None
        else:
            given = NULL_LEAVES_OUT.func(item) if NULL_LEAVES_OUT in field.metadata else item  # type: ignore[call-arg]
            made[key] = _inside(field.annotation, given)
    return made


def _inside(annotation: Any, value: Any) -> Any:
    section = section_of(annotation)
    if section is not None:
        if isinstance(value, list):
            return [without_empty_sections(section, item) for item in value]
        return without_empty_sections(section, value)
    inner = get_args(annotation)[1] if _is_mapping(annotation) else None
    if isinstance(inner, type) and issubclass(inner, BaseModel) and isinstance(value, Mapping):
        return {key: without_empty_sections(inner, {} if item is None else item) for key, item in value.items()}
    return value


def holds_others(annotation: Any) -> bool:
    """Whether a field is a section, list or mapping, and null is none of its values."""
    if get_origin(annotation) is Annotated:
        return holds_others(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return type(None) not in get_args(annotation)
    return section_of(annotation) is not None or _is_list(annotation) or _is_mapping(annotation)


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_list(get_args(annotation)[0])
    return get_origin(annotation) is tuple


def _is_mapping(annotation: Any) -> bool:
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Mapping)
