"""How any data set is laid out in folders and buckets: only file and folder names, used by both packages."""

from __future__ import annotations

from typing import Final

PACK_MANIFEST: Final = "pack.json"
"""The file of a pack that is written last. The pack's folder lies in a folder of packs."""

CHECKSUMS: Final = "SHA256SUMS"
"""The object of checksums next to the data in a bucket, in the format of `sha256sum`."""

_NOT_DATA: Final = frozenset(
    {"thumbs.db", "desktop.ini", "@eadir", "__macosx", "$recycle.bin", "system volume information", "lost+found"}
)


def is_data(name: str) -> bool:
    """Whether a file or folder of this name can belong to a data set."""
    return not name.startswith(".") and name.casefold() not in _NOT_DATA
