"""Makes the output of exec plugins safe to show."""

from __future__ import annotations

import json
import re
from typing import Final

_LONGEST: Final = 600
_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)")
_JWT: Final = re.compile(r"\beyJ[\w-]+(?:\.[\w-]*)*")
_LABELLED: Final = re.compile(
    r"((?:[\w-]*(?:token|password|passwd|secret|credential|authorization|api[_-]?key)|bearer|basic)"
    r"[\"']?\s*(?:[:=]|\bis\b)?\s*(?:(?:bearer|basic)\s+)?[\"']?)(?=[^\s\"',}]*[\d+/=_])(?![^\s\"',}]*:(?:\s|$))[^\s\"',}]{6,}",
    re.I,
)
_LONG: Final = re.compile(r"(?<![\w/.:@-])(?=[\w+=-]*\d)(?=[\w+=-]*[a-zA-Z])[\w+=-]{32,}(?![\w/])")


def plain(text: str) -> str:
    """One line without terminal escape sequences and other control characters."""
    text = _ESCAPES.sub("", text)
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def without_tokens(errors: bytes, output: bytes) -> str:
    """The end of a command's output, without anything that looks like a token.

    Args:
        errors: Its standard error.
        output: Its standard output: what it printed as credentials is removed wherever it appears.
    """
    text = errors.decode(errors="replace")
    try:
        status = json.loads(output)["status"]
        secrets = [value for value in status.values() if isinstance(value, str)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        secrets = [part for part in output.decode(errors="replace").split() if len(part) >= 6]
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    text = _LABELLED.sub(r"\1***", _JWT.sub("***", plain(text)))
    text = _LONG.sub("***", text)
    return text if len(text) <= _LONGEST else f"...{text[-_LONGEST:]}"
