"""Options that an earlier version of gridctl did not have: at their defaults they do not change an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from gridctl_trainer.contract.spec import DataSpec, TrainingSpec

_SECTIONS: Final[Mapping[str, type[BaseModel]]] = {"data": DataSpec, "training": TrainingSpec}


def is_new_at_default(path: str, before: Mapping[str, Any], value: Any) -> bool:
    """Whether an option was not known when an event was kept, and has its default now.

    Args:
        path: Of the option, `training.loss.name`.
        before: All options at that time by path, defaults included.
        value: Its value now.
    """
    section, _, rest = path.partition(".")
    kind = _SECTIONS.get(section)
    if kind is None or path in before:
        return False
    name, _, inner = rest.partition(".")
    field = kind.model_fields.get(name)
    if field is None or field.is_required():
        return False
    default: Any = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        default = default.model_dump(mode="json")
    for key in inner.split(".") if inner else ():
        if not isinstance(default, Mapping) or key not in default:
            return False
        default = default[key]
    return bool(default == value)
