"""A choice by name, with options that depend on the choice: `sgd`, or `{name: sgd, momentum: 0.99}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import (
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from gridctl_trainer.contract.frozen import Frozen


@dataclass(frozen=True, slots=True)
class _OfAnother:
    """An option that was given with a name that it does not belong to."""

    what: str


class Choice(Frozen):
    """Base class of such a section, which declares a field `name` and the options of all choices.

    Options that the choice does not have keep their field's default. Only options that the choice has are written, and
    can become part of a run's identity.

    Attributes:
        options_of: The options of each choice, by name.
        defaults_of: Defaults that differ from those of the fields, by the name of the choice.
    """

    options_of: ClassVar[Mapping[str, Sequence[str]]]
    defaults_of: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    @model_validator(mode="before")
    @classmethod
    def _written_out(cls, given: Any) -> Any:
        if isinstance(given, str):
            given = {"name": given}
        if not isinstance(given, Mapping):
            return given
        name = given.get("name", cls.model_fields["name"].default)
        if not isinstance(name, str) or name not in cls.options_of:
            return given  # the field `name` reports it
        return {**cls.defaults_of.get(name, {}), **{key: cls._owned(name, key, value) for key, value in given.items()}}

    @classmethod
    def _owned(cls, name: str, key: str, value: Any) -> Any:
        if key == "name" or key not in cls.model_fields or key in cls.options_of[name]:
            return value
        *others, last = [other for other, options in cls.options_of.items() if key in options]
        owners = f"{', '.join(others)} and {last}" if others else last
        has = f"those of {name} are {', '.join(cls.options_of[name])}" if cls.options_of[name] else f"{name} has none"
        return _OfAnother(f"is an option of {owners}; {has}")

    @field_validator("*", mode="before")
    @classmethod
    def _is_of_this_choice(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, _OfAnother):
            raise ValueError(value.what)
        return value

    @model_serializer(mode="wrap")
    def _without_others(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = serialize(self)
        return {key: value for key, value in written.items() if key in self.chosen_fields}

    @property
    def chosen_fields(self) -> Sequence[str]:
        """The name and the options that this choice has."""
        name: str = self.__dict__["name"]
        return ("name", *self.options_of[name])
