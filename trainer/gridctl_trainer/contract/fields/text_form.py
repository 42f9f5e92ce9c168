"""The constraints of a text field for the JSON Schema. The field's validator checks the same and tells users how to fix
it.
"""

from __future__ import annotations

from typing import Any

from pydantic import WithJsonSchema


def text_form(regex: str = "", max_length: int | None = None, *, or_number: bool = False) -> WithJsonSchema:
    """Constraints of a text field.

    Args:
        regex: Regular expression that the whole text must match; empty for any text.
        max_length: Maximum length in characters.
        or_number: Whether a number is accepted and kept as text.
    """
    schema: dict[str, Any] = {"type": ["string", "number"] if or_number else "string"}
    if regex:
        schema["pattern"] = f"^(?:{regex})$"
    if max_length is not None:
        schema["maxLength"] = max_length
    return WithJsonSchema(schema)
