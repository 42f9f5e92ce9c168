"""Explains a missing data folder: on a workstation, or in a pod, where folders come from mounted volumes."""

from __future__ import annotations

import os
from pathlib import Path

from gridctl_trainer.contract.errors import DataError


def missing_folder(root: Path, title: str) -> DataError:
    """The error for a data folder that does not exist.

    Args:
        root: The missing folder.
        title: Name of the data set.
    """
    fix = f"unpack {title} there, or make a synthetic set: gridctl-trainer data phantom OUT"
    if os.environ.get("GRIDCTL_IMAGE"):  # a Job's pod
        bucket = "or give s3://bucket/prefix as its path"
        mount = _mount_above(root)
        fix = (
            f"the volume mounted at {mount} does not hold it: fill it (docs/cluster.md, 4. Data), {bucket}"
            if mount
            else "the pod mounts no volume at or above it: name the claim with the data in kubernetes.volumes, "
            f"as in {{{root.parent if root.parent != Path('/') else root}: {{claim: NAME}}}}, {bucket}"
        )
    return DataError("there is no such folder", where=root, fix=fix)


def _mount_above(folder: Path) -> Path | None:
    """The nearest mount point at or above a folder; None if that is only the root of the image."""
    places = [folder, *folder.parents]
    return next((place for place in places if place != Path("/") and os.path.ismount(place)), None)
