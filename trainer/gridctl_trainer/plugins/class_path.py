"""Plugins named by their path, `pkg.module:Name`. They are installed, or lie in a folder of `plugin_path`."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_FORM: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def is_class_path(name: str) -> bool:
    """Whether a name is meant as a path, such as `mylab.nets:ResUNet`, rather than a short name."""
    return ":" in name


def is_well_formed(name: str) -> bool:
    """Whether a path has the form `pkg.module:Name`."""
    return _FORM.fullmatch(name) is not None


def extend_import_path(plugin_path: Sequence[str | Path]) -> None:
    """Append folders to Python's import path, at its end, so nothing in them shadows an installed module.

    Args:
        plugin_path: The folders. One that is already on the import path is not added again.
    """
    for folder in plugin_path:
        where = str(Path(folder).expanduser().resolve())
        if where not in sys.path:
            sys.path.append(where)
