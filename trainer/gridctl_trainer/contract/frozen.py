"""The base class of everything that is written as JSON and read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Immutable model that refuses unknown fields and non-finite numbers.

    The value of a `cached_property` belongs to this object: a copy, whose fields may differ, starts without it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    def __copy__(self) -> Self:
        return self._without_cached(super().__copy__())

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self._without_cached(super().__deepcopy__(memo))

    def _without_cached(self, copied: Self) -> Self:
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


def canonical_json(value: Any) -> str:
    """The canonical encoding of a JSON value: sorted keys, no spaces, UTF-8.

    Args:
        value: Anything `json.dumps` takes; NaN and infinities are refused.

    Raises:
        ValueError: A number is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def misread(given: Any, made: Any, at: tuple[int | str, ...] = ()) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Finds the fields where a number was silently changed: `true` read as 1, or `1e-400` read as 0.

    Args:
        given: What the user wrote, as plain dicts, lists and scalars; `str` of a number is the text that was written.
        made: The model, or a part of it, that was parsed from it.
        at: The path of that part.

    Yields:
        The path of each such field and what was written there.
    """
    if isinstance(made, BaseModel) and isinstance(given, Mapping):
        for name in type(made).model_fields.keys() & given.keys():
            yield from misread(given[name], getattr(made, name), (*at, name))
    elif isinstance(made, tuple) and isinstance(given, list | tuple) and len(made) == len(given):
        for index, (item, result) in enumerate(zip(given, made, strict=True)):
            yield from misread(item, result, (*at, index))
    elif isinstance(made, int | float) and not isinstance(made, bool):
        number = isinstance(given, int | float) and not isinstance(given, bool)
        if isinstance(given, bool) or (number and _is_another(given, made)):
            yield at, str(given).lower() if isinstance(given, bool) else str(given)


def _is_another(given: float, made: float) -> bool:
    """Whether a number differs from its text; a float may be rounded, but not to 0."""
    if isinstance(given, int) or (isinstance(made, float) and made != 0):
        return False
    return Decimal(str(given).replace("_", "")) != made
