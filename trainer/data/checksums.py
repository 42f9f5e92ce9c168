"""By what a file that travelled is known to be whole."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

CHECKSUMS: Final = "SHA256SUMS"
"""Object beside the data, as `sha256sum` writes it."""

_PART_BYTES: Final = 8 << 20
"""Of a file that is uploaded in parts: that of the store, and of the AWS command line."""


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def etag_of(path: Path) -> str:
    """The ETag that S3 gives a file: its MD5, or that of its parts' MD5s and their number.

    Servers that encrypt with keys of their own give others, of another length.
    """
    parts = []
    with path.open("rb") as file:
        while chunk := file.read(_PART_BYTES):
            parts.append(hashlib.md5(chunk, usedforsecurity=False))
    if path.stat().st_size < _PART_BYTES:
        return parts[0].hexdigest() if parts else hashlib.md5(usedforsecurity=False).hexdigest()
    joined = hashlib.md5(b"".join(part.digest() for part in parts), usedforsecurity=False)
    return f"{joined.hexdigest()}-{len(parts)}"


def parse_checksums(text: str) -> dict[str, str]:
    """SHA-256 by file name, from what `sha256sum` prints."""
    found = {}
    for line in text.splitlines():
        digest, _, name = line.partition(" ")
        if len(digest) == 64 and name[:1] in (" ", "*"):
            found[name[1:].removeprefix("./")] = digest.lower()
    return found
