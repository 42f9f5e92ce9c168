"""Finds blank images, repeated images, and labels of a few stray pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.wording import count
from gridctl_trainer.datasets.quality.oddities import Notice, Oddity, StructureOddity
from gridctl_trainer.datasets.slices import LabelledSlice

_SPECK_PX: Final = 10
_SPECK_SHARE: Final = 0.05
"""A part of a mask is a speck if it has at most `_SPECK_PX` pixels and at most this share of the largest part."""


def picture_digest(image: NDArray[np.float32]) -> str:
    """A digest of an image, by which copies are found; empty for a blank image.

    Args:
        image: (H, W), or (C, H, W) with several channels.
    """
    if image.size == 0 or float(image.min()) == float(image.max()):
        return ""
    digest = hashlib.blake2b(str(image.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def note_blank_slices(slices: Sequence[LabelledSlice], notice: Notice) -> None:
    """Report images with the same grey value everywhere; labels on such an image are wrong."""
    blank = [labelled for labelled in slices if float(labelled.image.min()) == float(labelled.image.max())]
    empty = [labelled for labelled in blank if not any(mask.any() for mask in labelled.masks.values())]
    if empty:
        what = (
            f"{count(len(empty), 'image')} without a label {'is' if len(empty) == 1 else 'are'} blank: {_names(empty)}"
        )
        notice(Oddity(what, str(empty[0].image_source)))
    for labelled in blank:
        if names := tuple(name for name, mask in labelled.masks.items() if mask.any()):
            what = f"{labelled.name}: the image is blank, but {', '.join(names)} is labelled on it"
            notice(StructureOddity(what, str(labelled.image_source), wrong=True, about=names))


def note_repeated_images(slices: Sequence[LabelledSlice], notice: Notice) -> None:
    """Report identical images of a patient: of two slices, or of one slice at two time points."""
    first: dict[str, LabelledSlice] = {}
    repeated = []
    for labelled in slices:
        digest = picture_digest(labelled.image)
        if digest and (earlier := first.setdefault(digest, labelled)) is not labelled:
            repeated.append((earlier, labelled))
    if repeated:
        earlier, later = repeated[0]
        more = f", and {count(len(repeated) - 1, 'further pair')}" if len(repeated) > 1 else ""
        where = "at two time points" if earlier.phase != later.phase else "at two places of one volume"
        what = f"{earlier.name} and {later.name} are the same image {where}{more}"
        notice(Oddity(what, str(later.image_source)))


def note_specks(slices: Sequence[LabelledSlice], notice: Notice) -> None:
    """Report masks with parts of a few pixels apart from the structure."""
    found = [(labelled, name) for labelled in slices for name, mask in labelled.masks.items() if _has_speck(mask)]
    if found:
        said = ", ".join(f"{name} on {labelled.phase} slice {labelled.index:02d}" for labelled, name in found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        what = f"labels of a few pixels lie apart from their structure: {said}{more}"
        notice(Oddity(what, str(found[0][0].source)))


def _has_speck(mask: NDArray[np.uint8]) -> bool:
    parts, _, measured, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = sorted(int(area) for area in measured[1:parts, cv2.CC_STAT_AREA])
    return len(areas) > 1 and areas[0] <= min(_SPECK_PX, _SPECK_SHARE * areas[-1])


def _names(slices: Sequence[LabelledSlice]) -> str:
    shown = ", ".join(labelled.name for labelled in slices[:3])
    return shown + (f" and {len(slices) - 3} more" if len(slices) > 3 else "")
