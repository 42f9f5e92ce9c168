"""Where what can be made or fetched again is kept on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from trainer.contract.location import read_folder


def cache_folder() -> Path:
    """`$GRIDCTL_CACHE`, else `$XDG_CACHE_HOME/gridctl`, else `~/.cache/gridctl`; it may be deleted at any time."""
    if given := os.environ.get("GRIDCTL_CACHE"):
        return read_folder(given, "GRIDCTL_CACHE")
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "gridctl"
