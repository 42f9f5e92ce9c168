"""Plain dicts, lists and scalars of a YAML tree, in which numbers keep their text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ruamel.yaml.scalarbool import ScalarBoolean

from gridctl.errors import InputError, Problem
from gridctl_trainer.contract.errors import shortened


class WrittenInt(int):
    """A whole number whose text is as in the file: `007`, `0x1F`."""

    text: str

    def __str__(self) -> str:
        return self.text


class WrittenFloat(float):
    """A number whose text is as in the file: `1.10`."""

    text: str

    def __str__(self) -> str:
        return self.text


def plain(value: Any) -> Any:
    """A copy of plain types. NaN and infinity become text, which fields of numbers refuse."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, ScalarBoolean):
        return bool(value)
    if isinstance(value, int | float):
        return _number(value)
    return str(value)


def _number(value: int | float) -> WrittenInt | WrittenFloat | str:
    text = getattr(value, "written", None) or repr(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(text)
    made = WrittenFloat(value) if isinstance(value, float) else WrittenInt(value)
    made.text = text
    return made


def require_text_keys(tree: Any, source: str, *, one_line: bool = False) -> None:
    """Refuse keys that are numbers, true, false, null, lists or mappings: `1` and `"1"` would become one.

    Args:
        tree: From `load_yaml`.
        source: Its name in errors.
        one_line: Whether errors name no line.

    Raises:
        InputError: There are some; each is named.
    """
    problems = _wrong_keys(tree, source)
    if one_line:
        problems = [replace(problem, where=source) for problem in problems]
    if problems:
        raise InputError(problems)


def _wrong_keys(node: Any, source: str) -> list[Problem]:
    found = []
    if isinstance(node, Mapping):
        for key, value in node.items():
            if not isinstance(key, str):
                found.append(_wrong_key(node, key, source))
            found += _wrong_keys(value, source)
    elif isinstance(node, list):
        for item in node:
            found += _wrong_keys(item, source)
    return found


def _wrong_key(node: Any, key: Any, source: str) -> Problem:
    try:
        where = f"{source}:{node.lc.key(key)[0] + 1}"
    except (AttributeError, KeyError, TypeError):  # merged from elsewhere
        where = source
    shown = "null" if key is None else getattr(key, "written", None) or str(key)
    shown = shown.lower() if isinstance(key, bool) else shown
    return Problem(f"the key {shortened(str(shown), 60)} is not text", where=where, fix="write it in quotes")
