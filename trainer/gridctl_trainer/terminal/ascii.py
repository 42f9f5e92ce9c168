"""Spells characters in ASCII, for streams that cannot take Unicode."""

from __future__ import annotations

import unicodedata
from typing import Final

_SPELLED: Final = {
    "–": "-",
    "—": "-",
    "−": "-",
    "…": "...",
    "×": "x",
    "±": "+/-",
    "∓": "-/+",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "←": "<-",
    "•": "*",
    "·": ".",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
}
_FIRST_ESCAPED_BYTE: Final = 0xDC00


def in_ascii(character: str) -> str:
    """Spell a character in ASCII: `gamma` for γ, `-` for a dash, `e` for é; a byte that is not text is escaped."""
    if character in _SPELLED:
        return _SPELLED[character]
    if 0xD800 <= ord(character) <= 0xDFFF:  # from a file name that is not in the locale's encoding
        code = ord(character)
        return f"\\x{code - _FIRST_ESCAPED_BYTE:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
    name = unicodedata.name(character, "")
    if name.startswith("GREEK SMALL LETTER "):
        return name.split()[3].lower()
    if name.startswith("GREEK CAPITAL LETTER "):
        return name.split()[3].capitalize()
    if name.startswith("BOX DRAWINGS "):
        return _line(name)
    if "BLOCK" in name or "SHADE" in name:
        return "#"
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or "?"


def _line(name: str) -> str:
    if "DOWN" in name or "UP" in name or ("VERTICAL" in name and "HORIZONTAL" in name):
        return "+"
    return "|" if "VERTICAL" in name else "-"
