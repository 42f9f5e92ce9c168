"""How the published data sets lie in folders: names alone, read by both sides without opening an image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Final

SetKind = str

TITLES: Final[Mapping[str, str]] = {"acdc": "ACDC", "sunnybrook": "Sunnybrook"}
"""As people call them."""

ACDC_PATIENT: Final = re.compile(r"patient\d+")
ACDC_FOLDERS: Final = ("", "training", "database/training", "testing", "database/testing")
"""Where below a root its patients may lie: the first that has some is taken."""

SUNNYBROOK_CONTOUR: Final = re.compile(r"IM-\d+-(?P<number>\d+)-(?P<kind>i|o|p1|p2)contour-manual\.txt", re.IGNORECASE)
_SUNNYBROOK_PATIENT: Final = re.compile(r"(?P<group>SC-(?:HF-I|HF-NI|HYP|N))-0*(?P<number>\d+)|SCD\d+", re.IGNORECASE)

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


def sunnybrook_patient(relative: PurePath) -> str:
    """The patient that the innermost folder with a patient's name belongs to; empty for none.

    Args:
        relative: Path of a file below the data set's root.

    Returns:
        Its id without zero padding: `SC-HF-I-1`.
    """
    for part in reversed(relative.parts[:-1]):
        if match := _SUNNYBROOK_PATIENT.fullmatch(part):
            return f"{match['group'].upper()}-{match['number']}" if match["group"] else part.upper()
    return ""
