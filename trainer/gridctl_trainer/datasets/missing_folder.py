"""What to do about a data set's folder that is not there: on a machine, and in a pod, where volumes bring folders."""

from __future__ import annotations

import os
from pathlib import Path

from gridctl_trainer.contract.errors import DataError


def missing_folder(root: Path, title: str) -> DataError:
    """The error of a folder that is not there.

    Args:
        root: That folder.
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
    """The nearest folder at or above it that something is mounted at; None where only the image's own root is."""
    places = [folder, *folder.parents]
    return next((place for place in places if place != Path("/") and os.path.ismount(place)), None)
