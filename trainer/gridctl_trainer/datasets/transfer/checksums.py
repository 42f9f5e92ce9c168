"""Parses lists of checksums that accompany a data set."""

from __future__ import annotations


def parse_checksums(text: str) -> dict[str, str]:
    """SHA-256 by file name, from text in the format of `sha256sum`; other lines are ignored."""
    found = {}
    for line in text.removeprefix("\ufeff").splitlines():
        digest, _, name = line.partition(" ")
        if len(digest) == 64 and name[:1] in (" ", "*"):
            found[name[1:].removeprefix("./")] = digest.lower()
    return found
