"""Reads untrusted JSON: its size, depth and digits are bounded, and no key may appear twice."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic_core import from_json

MAX_DEPTH: Final = 200
"""Nesting levels that pydantic's parser accepts; the standard library accepts more."""


def read_json(text: bytes | str, max_bytes: int) -> Any:
    """Parse a JSON text.

    Raises:
        ValueError: The text is not JSON in UTF-8, is larger than `max_bytes`, is nested more than `MAX_DEPTH` levels
            deep, contains a number that is not finite or has thousands of digits, or repeats a key.
    """
    if len(text) > max_bytes:
        raise ValueError(f"it is larger than {max_bytes // 1024:,} KiB")
    content = from_json(text, allow_inf_nan=False)
    require_keys_once(text)
    return content


def require_keys_once(text: bytes | str) -> None:
    """Refuse repeated keys; a JSON parser would silently keep only the last one.

    Args:
        text: JSON that a parser has accepted.

    Raises:
        ValueError: An object repeats a key.
    """
    json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = next(key for number, (key, _) in enumerate(pairs) if key in (earlier for earlier, _ in pairs[:number]))
        raise ValueError(f"the key '{twice[:60]}' is given twice")
    return made
