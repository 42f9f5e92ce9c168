"""What a text field may hold, as JSON Schema says it; its validator says the same to people, with what to do."""

from __future__ import annotations

from typing import Any

from pydantic import WithJsonSchema


def text_form(regex: str = "", max_length: int | None = None, *, or_number: bool = False) -> WithJsonSchema:
    """The form of a text field.

    Args:
        regex: That the whole text matches; empty for any text.
        max_length: Characters.
        or_number: Whether a number is taken as its text.
    """
    schema: dict[str, Any] = {"type": ["string", "number"] if or_number else "string"}
    if regex:
        schema["pattern"] = f"^(?:{regex})$"
    if max_length is not None:
        schema["maxLength"] = max_length
    return WithJsonSchema(schema)
