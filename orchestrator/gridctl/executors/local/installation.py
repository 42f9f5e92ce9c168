"""Whether this installation can train."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from gridctl.errors import InputError

_NEEDED: Final = ("torch", "cv2", "nibabel", "pydicom")
"""Modules of the extra `trainer`; submitting to a cluster needs none of them."""


def require_trainer() -> None:
    """Check once what would otherwise make every run fail.

    Raises:
        InputError: Packages of the trainer are not installed.
    """
    lacking = [name for name in _NEEDED if find_spec(name) is None]
    if lacking:
        raise InputError(
            f"this installation cannot train: {', '.join(lacking)} not found",
            fix="pip install 'gridctl[trainer]', or submit to a cluster with --backend kubernetes",
        )
