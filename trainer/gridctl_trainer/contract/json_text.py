"""Reads JSON from untrusted sources: size, depth and digits are bounded, and no key may occur twice."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic_core import from_json

MAX_DEPTH: Final = 200
"""Levels that pydantic's parser takes, and the standard library's then certainly."""


def read_json(text: bytes | str, max_bytes: int) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: It is not JSON in UTF-8, is larger than `max_bytes`, nested more than `MAX_DEPTH` levels deep,
            has a number of thousands of digits or one that is not finite, or gives a key twice.
    """
    if len(text) > max_bytes:
        raise ValueError(f"it is larger than {max_bytes // 1024:,} KiB")
    content = from_json(text, allow_inf_nan=False)
    require_keys_once(text)
    return content


def require_keys_once(text: bytes | str) -> None:
    """Refuse duplicate keys, of which parsers silently keep only the last.

    Args:
        text: JSON that a parser has taken.

    Raises:
        ValueError: An object gives a key twice.
    """
    json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = next(key for number, (key, _) in enumerate(pairs) if key in (earlier for earlier, _ in pairs[:number]))
        raise ValueError(f"the key '{twice[:60]}' is given twice")
    return made
