"""Rewords pydantic's error messages for the user who wrote the value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gridctl_trainer.contract.errors import shortened

_MAPPING: Final = "expected a mapping of keys to values"

_KINDS: Final = {
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dataclass_type": _MAPPING,
    "string_type": "expected text",
    "string_sub_type": "expected text",
    "string_unicode": "expected text",
    "path_type": "expected a path",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "int_parsing_size": "expected a smaller number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a finite number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "tuple_type": "expected a list",
    "list_type": "expected a list",
    "none_required": "expected nothing here",
    "datetime_type": "expected a time",
    "datetime_parsing": "expected a time",
    "datetime_from_date_parsing": "expected a time",
    "timezone_aware": "expected a time with a time zone",
    "json_invalid": "expected JSON",
}
"""Messages in which pydantic names Python types."""

_BOUNDS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "greater_than": lambda bound: f"must be greater than {_number(bound['gt'])}",
    "greater_than_equal": lambda bound: f"must be at least {_number(bound['ge'])}",
    "less_than": lambda bound: f"must be less than {_number(bound['lt'])}",
    "less_than_equal": lambda bound: f"must be at most {_number(bound['le'])}",
    "multiple_of": lambda bound: f"must be a multiple of {_number(bound['multiple_of'])}",
    "string_too_short": lambda bound: f"must have at least {count(bound['min_length'], 'character')}",
    "string_too_long": lambda bound: f"must have at most {count(bound['max_length'], 'character')}",
    "too_short": lambda bound: f"must have at least {count(bound['min_length'], 'item')}",
    "too_long": lambda bound: f"must have at most {count(bound['max_length'], 'item')}",
    "literal_error": lambda bound: f"must be {bound['expected']}",
    "enum": lambda bound: f"must be {bound['expected']}",
    "union_tag_invalid": lambda bound: (
        f"{str(bound['discriminator']).strip(chr(39))} must be {bound['expected_tags'].replace(', ', ' or ')}, "
        f"got '{bound['tag']}'"
    ),
    "union_tag_not_found": lambda bound: f"{str(bound['discriminator']).strip(chr(39))} is missing",
}

_SAY_ALL: Final = ("missing", "value_error", "extra_forbidden", "union_tag_not_found", "union_tag_invalid")
"""Error types whose message needs no value next to it."""


def problem_text(item: Any) -> str:
    """The message for one item of `ValidationError.errors()`, with the value that was given."""
    kind, context = item["type"], item.get("ctx", {})
    if kind in _KINDS:
        message = _KINDS[kind]
    elif kind in _BOUNDS:
        message = _BOUNDS[kind](context)
    elif kind == "extra_forbidden":
        message = "there is no such key"
    elif kind == "missing":
        message = "is missing"
    else:
        message = str(item["msg"]).removeprefix("Value error, ").replace("Input should be a valid ", "must be a ")
        message = message.replace("Input should ", "must ")
        message = message[:1].lower() + message[1:]
    return message if kind in _SAY_ALL else f"{message}, got {shown(item['input'])}"


def shown(value: Any) -> str:
    """A value as shown in a message: a list or mapping by its kind, anything else as written."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping of keys to values"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return shortened(str(value) if isinstance(value, int | float) else repr(value))


def count(number: int, noun: str, many: str = "") -> str:
    """`1 run`, `2 runs`.

    Args:
        number: The number.
        noun: The noun in the singular.
        many: The plural, if it is not the singular plus s.
    """
    return f"{number} {noun}" if number == 1 else f"{number} {many or f'{noun}s'}"


def _number(value: Any) -> str:
    return str(value) if isinstance(value, int) else f"{value:.12g}"
