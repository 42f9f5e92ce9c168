"""By what a file that travelled is known to be whole."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def md5_of(path: Path) -> str:
    """Hex digest of a file: its ETag if it was sent in one part, and not encrypted with a key of somebody's own."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def parse_checksums(text: str) -> dict[str, str]:
    """SHA-256 by file name, from what `sha256sum` prints."""
    found = {}
    for line in text.removeprefix("\ufeff").splitlines():
        digest, _, name = line.partition(" ")
        if len(digest) == 64 and name[:1] in (" ", "*"):
            found[name[1:].removeprefix("./")] = digest.lower()
    return found
