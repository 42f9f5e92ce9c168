"""Keeps a number on one line with the sign before it."""

from __future__ import annotations

import re
from typing import Final

NO_BREAK: Final = "\u00a0"

_SIGN: Final = re.compile(r"(?<![\w.])([A-Za-z]{1,4}) ([=<>≤≥]) (?=[−+-]?\.?\d)")
_INTERVAL: Final = re.compile(r"(?<![\w='\"])(\[[−+-]?\d*\.\d{2,}), (?=[−+-]?\d*\.\d{2,}\])")
_CI: Final = re.compile(r"\b(\d+%) (CI|interval)\b( (?=\[))?")


def unbroken(text: str) -> str:
    """Text with no-break spaces inside `n = 3`, `p < .001`, `95% CI [0.010, 0.024]`, for pages and documents.

    A terminal wraps lines by itself, and may lack the character. Text to be typed, such as `--set 'seeds=[1, 2]'`,
    stays as it is.
    """
    text = _SIGN.sub(rf"\1{NO_BREAK}\2{NO_BREAK}", text)
    text = _INTERVAL.sub(rf"\1,{NO_BREAK}", text)
    return _CI.sub(lambda found: f"{found[1]}{NO_BREAK}{found[2]}{NO_BREAK if found[3] else ''}", text)
