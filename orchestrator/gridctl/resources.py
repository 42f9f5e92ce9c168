"""Folders that are not modules and that users edit in a checkout: in an installation they are beside this file."""

from __future__ import annotations

from pathlib import Path

_INSTALLED = Path(__file__).parent / "shared_files"
_CHECKOUT = Path(__file__).parents[2]


def resource_folder(name: str) -> Path:
    """The folder `k8s` or `experiments`, whether gridctl is installed from a wheel or runs in its checkout."""
    installed = _INSTALLED / name
    return installed if installed.is_dir() else _CHECKOUT / name
