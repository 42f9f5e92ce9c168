"""Changes valid files slightly and at random: bytes, lines, words and whole values."""

from __future__ import annotations

import json
import random
import re
from typing import Any

NUMBERS = [
    "0",
    "-1",
    "1e400",
    ".nan",
    ".inf",
    "9" * 5000,
    "0x" + "f" * 5000,
    "1.5",
    "true",
    "null",
    "1_0",
    "007",
    "1e-400",
]
SMALL_NUMBERS = ["1", "2", "64", "0.3", "0.30", "2.0", "1e0", "2e0", "3e-1", ".5", "+2", "0x2", "0o3", "02", "1_0"]
WORDS = [
    *NUMBERS,
    "''", '""', "[]", "{}", "~", "*x", "&x", "!!int 3", "!!python/object:os.system x", "<<: *x", "- ", "? ", "|", ">",
    "\t", "\0", "\ufeff", "\x85", "\u2028", "\U0001f642", "%YAML 1.1\n---", "---", "...", "#", ": ", "'", '"', "{", "[",
    "[" * 300, "{a: " * 300, "a" * 5000, "2020-01-01", "1:30", "on", "No", "./x", "s3://b", "..", "a.b", "=",
]  # fmt: skip
JSON_VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**8, 10**30, 10**400, 1e308, -1e308, float("nan"), float("inf"), "", "x",
    "x" * 5000, [], {}, [[]], {"a": 1}, "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "\0", "\u2028", "../../x",
]  # fmt: skip


def mutated(data: bytes, chance: random.Random, words: list[str]) -> bytes:
    """Make one to three changes at random places of a file."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        data = chance.choice((_byte, _line, _word, _number, _number))(data, chance, words)
    return data


def mutated_json(data: bytes, chance: random.Random) -> bytes:
    """Replace one value anywhere in JSON lines, or remove or double one key."""
    lines = data.splitlines()
    at = chance.randrange(len(lines))
    value = json.loads(lines[at])
    node, key = chance.choice(list(_places(value)))
    change = chance.randrange(4)
    if change == 0 and isinstance(node, dict):
        del node[key]
    elif change == 1 and isinstance(node, dict):
        node[f"{key}_"] = node[key]
    else:
        node[key] = chance.choice(JSON_VALUES)
    lines[at] = json.dumps(value).encode()
    return b"\n".join(lines) + b"\n"


def _places(node: Any) -> list[tuple[Any, Any]]:
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    return [(node, key) for key in keys] + [place for key in keys for place in _places(node[key])]


def _byte(data: bytes, chance: random.Random, _: list[str]) -> bytes:
    at = chance.randrange(len(data) + 1)
    new = bytes([chance.randrange(256)])
    return data[:at] + chance.choice((new + data[at:], data[at + 1 :], new + data[at + 1 :], data[:at]))


def _line(data: bytes, chance: random.Random, _: list[str]) -> bytes:
    lines = data.split(b"\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    change = chance.randrange(4)
    if change == 0:
        del lines[at]
    elif change == 1:
        lines.insert(other, lines[at])
    elif change == 2:
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines[at] = b" " * chance.randrange(1, 4) + lines[at]
    return b"\n".join(lines)


def _number(data: bytes, chance: random.Random, _: list[str]) -> bytes:
    """Replace one number by another, which is often valid there, too."""
    found = list(re.finditer(rb"\d+(\.\d+)?", data))
    place = chance.choice(found or [re.match(b"", data)])
    return data[: place.start()] + chance.choice(SMALL_NUMBERS).encode() + data[place.end() :]


def _word(data: bytes, chance: random.Random, words: list[str]) -> bytes:
    parts = data.replace(b",", b" , ").split(b" ")
    parts[chance.randrange(len(parts))] = chance.choice(words).encode()
    return b" ".join(parts)
