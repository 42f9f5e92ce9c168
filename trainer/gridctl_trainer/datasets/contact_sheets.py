"""Contact sheets: pictures of a patient's slices with the outlines drawn in, for visual inspection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.slices import CAVITY, LabelledSlice

Colour = tuple[int, int, int]
Picture = NDArray[np.uint8]

CAVITY_BGR: Final[Colour] = (80, 200, 80)
STRUCTURES_BGR: Final[Mapping[str, Colour]] = {
    "right_ventricle": (230, 160, 60),
    "myocardium": (60, 200, 240),
    "epicardium": (60, 200, 240),
    "papillary": (220, 90, 220),
}

OTHER_BGR: Final[Colour] = (200, 200, 200)

_TILE_PX: Final = 220
_HEAD_PX: Final = 26
_MARGIN: Final = 1.6
"""Side length of the window shown, relative to the largest extent of anything outlined."""


def write_sheet(path: Path, slices: Sequence[LabelledSlice]) -> None:
    """Write one picture with every slice of a patient: one row per phase, the heart enlarged and outlined.

    Args:
        path: PNG file to write; its folder is made if missing.
        slices: Slices of one patient; at least one.

    Raises:
        DataError: The file cannot be written.
    """
    phases = list(dict.fromkeys(labelled.phase for labelled in slices))
    rows = [[labelled for labelled in slices if labelled.phase == phase] for phase in phases]
    window = _window(slices)
    width = max(len(row) for row in rows) * _TILE_PX
    sheet = np.full((_HEAD_PX + len(rows) * (_HEAD_PX + _TILE_PX), width, 3), 24, dtype=np.uint8)
    _write(sheet, f"{slices[0].patient}   {_legend(slices)}", (6, 18))
    for number, row in enumerate(rows):
        top = _HEAD_PX + number * (_HEAD_PX + _TILE_PX)
        for column, labelled in enumerate(row):
            left = column * _TILE_PX
            _write(sheet, f"{labelled.phase} slice {labelled.index}", (left + 6, top + 18))
            tile = _tile(labelled, window)
            sheet[top + _HEAD_PX : top + _HEAD_PX + _TILE_PX, left : left + _TILE_PX] = tile
    _, encoded = cv2.imencode(".png", sheet)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise DataError(f"cannot write it: {error.strerror}", where=path) from None


def outlined(image: NDArray[np.float32], masks: Iterable[tuple[NDArray[np.uint8], Colour]], side_px: int) -> Picture:
    """Draw one slice with the outlines of masks.

    Args:
        image: (H, W) in any range; displayed from its minimum to its maximum.
        masks: (H, W) masks of 0 and 1, each with its colour; later masks are drawn over earlier ones.
        side_px: Approximate length of the picture's longer side; the image is enlarged by a whole factor.

    Returns:
        (H', W', 3) uint8, BGR.
    """
    scale = max(1, side_px // max(image.shape))
    size = (image.shape[1] * scale, image.shape[0] * scale)
    picture = cv2.cvtColor(cv2.resize(grey(image), size, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    for mask, colour in masks:
        large = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, outlines, -1, colour, 1, cv2.LINE_AA)
    return np.asarray(picture, dtype=np.uint8)


def grey(image: NDArray[np.float32]) -> Picture:
    """Scale an image to (H, W) uint8, so that its minimum becomes 0 and its maximum 255."""
    low, high = float(image.min()), float(image.max())
    return ((image - low) * (255 / (high - low) if high > low else 0)).astype(np.uint8)


def _tile(labelled: LabelledSlice, window: tuple[slice, slice]) -> Picture:
    drawn = [
        (mask[window], STRUCTURES_BGR.get(name, OTHER_BGR)) for name, mask in labelled.structures.items() if mask.any()
    ]
    drawn.append((labelled.mask[window], CAVITY_BGR))
    image = labelled.image[window]
    # Without this limit, a few very bright pixels, such as fat near a coil, would leave the heart dark.
    image = np.minimum(image, np.float32(np.quantile(image, 0.995)))
    picture = outlined(image, drawn, _TILE_PX)
    fitted = cv2.resize(picture, (_TILE_PX, _TILE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(fitted, dtype=np.uint8)


def _window(slices: Sequence[LabelledSlice]) -> tuple[slice, slice]:
    """The square around everything outlined on any slice, kept within the image."""
    seen = np.zeros_like(slices[0].mask)
    for labelled in slices:
        for mask in (labelled.mask, *labelled.structures.values()):
            if mask.shape == seen.shape:
                seen |= mask
    places = np.argwhere(seen)
    if not len(places):
        return slice(None), slice(None)
    low, high = places.min(0), places.max(0)
    side = int(min(max((high - low + 1).max() * _MARGIN, 16), *seen.shape))
    starts = np.clip((low + high + 1 - side) // 2, 0, np.array(seen.shape) - side)
    return slice(int(starts[0]), int(starts[0]) + side), slice(int(starts[1]), int(starts[1]) + side)


def _legend(slices: Sequence[LabelledSlice]) -> str:
    names = {"cavity": "green", "right_ventricle": "blue", "myocardium": "yellow", "epicardium": "yellow"}
    names["papillary"] = "violet"
    outlined = {name for labelled in slices for name in labelled.masks}
    names |= dict.fromkeys(sorted(outlined - {*STRUCTURES_BGR, CAVITY}), "grey")
    there = {"cavity"} | {name for labelled in slices for name, mask in labelled.structures.items() if mask.any()}
    return ", ".join(f"{colour}: {name.replace('_', ' ')}" for name, colour in names.items() if name in there)


def _write(sheet: Picture, text: str, at: tuple[int, int]) -> None:
    cv2.putText(sheet, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (230, 230, 230), 1, cv2.LINE_AA)
