"""The cache folder of this machine, whose content can be made or fetched again."""

from __future__ import annotations

import os
from pathlib import Path

from gridctl_trainer.contract.location import read_folder
from gridctl_trainer.host import user_folders


def cache_folder() -> Path:
    """`$GRIDCTL_CACHE`, or else the user's cache folder; it may be deleted at any time.

    Raises:
        OSError: No folder can be written.
    """
    if given := os.environ.get("GRIDCTL_CACHE"):
        return read_folder(given, "GRIDCTL_CACHE")
    return user_folders.writable(user_folders.cache_folder(), "GRIDCTL_CACHE", "cache")
