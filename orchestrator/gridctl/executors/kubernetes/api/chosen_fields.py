"""Parses chosen fields of JSON and skips the rest, of which no Python object is made.

A Job or a pod has some 7 KB, of which a few hundred bytes are of use here. For a page of 500 this takes a tenth of the
time and memory of `json.loads`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import SchemaValidator, ValidationError, core_schema

Shape = Mapping[str, Any] | list[Any]
"""The wanted fields by name, nested as the JSON is: `{"metadata": {"name": WHOLE}, "items": [{"kind": WHOLE}]}`."""

WHOLE: Final = ...
"""In a shape: everything that is at this place."""


class ChosenFields:
    """Parses JSON as `json.loads` does, but leaves out each field that a shape does not name.

    Args:
        shape: What to keep. Where the JSON has something else than the object or array of the shape, all of it is kept.
    """

    def __init__(self, shape: Shape) -> None:
        self._validator = SchemaValidator(_schema(shape))

    def parse(self, text: bytes) -> Any:
        """The value of a text.

        Raises:
            ValueError: It is no JSON.
        """
        try:
            return self._validator.validate_json(text)
        except ValidationError:
            return json.loads(text)


def _schema(shape: Any) -> core_schema.CoreSchema:
    if shape is WHOLE:
        return core_schema.any_schema()
    if isinstance(shape, Mapping):
        fields = {name: core_schema.typed_dict_field(_schema(of), required=False) for name, of in shape.items()}
        return core_schema.nullable_schema(core_schema.typed_dict_schema(fields, extra_behavior="ignore"))
    (item,) = shape
    return core_schema.nullable_schema(core_schema.list_schema(_schema(item)))
