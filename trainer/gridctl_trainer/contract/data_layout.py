"""How data lie in folders and buckets, whatever the data set: names alone, read by both sides."""

from __future__ import annotations

from typing import Final

PACK_MANIFEST: Final = "pack.json"
"""The file of a pack that is written last; its folder lies in a folder of packs."""

CHECKSUMS: Final = "SHA256SUMS"
"""Object beside the data in a bucket, as `sha256sum` writes it."""

_NOT_DATA: Final = frozenset(
    {"thumbs.db", "desktop.ini", "@eadir", "__macosx", "$recycle.bin", "system volume information", "lost+found"}
)


def is_data(name: str) -> bool:
    """Whether a file or folder of this name can belong to a data set."""
    return not name.startswith(".") and name.casefold() not in _NOT_DATA
