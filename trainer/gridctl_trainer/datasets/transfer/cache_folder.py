"""The cache folder of this machine: everything in it can be made or fetched again."""

from __future__ import annotations

import os
from pathlib import Path

from gridctl_trainer.contract.location import read_folder
from gridctl_trainer.host import user_folders


def cache_folder() -> Path:
    """`$GRIDCTL_CACHE`, else this user's cache; it may be deleted at any time.

    Raises:
        OSError: There is no folder that can be written.
    """
    if given := os.environ.get("GRIDCTL_CACHE"):
        return read_folder(given, "GRIDCTL_CACHE")
    return user_folders.writable(user_folders.cache_folder(), "GRIDCTL_CACHE", "cache")
