"""Rescales volumes whose grey values would not survive CLAHE, which rounds them to 16-bit integers.

Published scans hold integers up to some hundreds or thousands, which rounding does not change. Values that were scaled
to [0, 1] or standardised would be reduced to two or ten grey levels, so they are spread out first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.quality.oddities import Notice, Oddity
from gridctl_trainer.datasets.slices import LabelledSlice, Phase

RESCALED: Final = "rescaled for CLAHE"
"""First words of the oddity that is reported for every rescaled volume."""

RESCALED_TO: Final = 511.0
"""Largest value after rescaling.

CLAHE's result depends on the scale. Of 255, 511, 1023, 2047 and 4095, this value changes published scans the least when
they are rescaled to it: by 0.02 of [0, 1] on average over ACDC, and by 0.014 over Sunnybrook.
"""

FEWEST_VALUES: Final = 16
"""A volume with fewer distinct values is taken for labels; published scans have at least 175."""

_LARGEST: Final = float(np.iinfo(np.uint16).max)
_ENOUGH_LEVELS: Final = 128
_ENOUGH_INTEGERS: Final = 64
_CLIPPED: Final = 0.001
_CENTRAL: Final = (0.005, 0.995)
_INNER: Final = (0.001, 0.999)


@dataclass(frozen=True, slots=True)
class Rescaling:
    """A linear map of grey values that takes `low` to 0 and `high` to `RESCALED_TO`."""

    low: float
    high: float

    def apply(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map grey values of any shape to the new scale, as float32, without clipping them."""
        scaled = (pixels.astype(np.float64) - self.low) * (RESCALED_TO / (self.high - self.low))
        return scaled.astype(np.float32)


def rescalings(slices: Sequence[LabelledSlice], notice: Notice) -> Mapping[Phase, Rescaling]:
    """Find the map of every volume of a patient that must be rescaled for CLAHE.

    One map applies to a whole volume and to the frames before it, so that they stay comparable.

    Args:
        slices: Slices of one patient.
        notice: Called with every volume that must be rescaled, and how.

    Returns:
        The map of each time point that needs one.

    Raises:
        DataError: A volume is not an image: it is constant, holds labels, or has no grey levels apart from a few
            extreme values.
    """
    found: dict[Phase, Rescaling] = {}
    faults = []
    for phase in dict.fromkeys(labelled.phase for labelled in slices):
        volume = [labelled for labelled in slices if labelled.phase == phase]
        pixels = np.concatenate([labelled.image.ravel() for labelled in volume])
        where = _source(volume)
        try:
            _require_image(volume, pixels, where)
            if reason := _loss(pixels):
                found[phase] = _rescaling(pixels, where)
                notice(Oddity(f"{RESCALED} ({_said(found[phase], pixels)}), which {reason}", str(where)))
        except DataError as fault:
            faults.append(fault)
    if faults:
        raise DataError.collect(faults)
    return found


def channel_rescalings(slices: Sequence[LabelledSlice], notice: Notice) -> Sequence[Mapping[Phase, Rescaling]]:
    """Find the `rescalings` of each channel. Channels after the first may hold anything, so they are never refused.

    Raises:
        DataError: The first channel of a volume is not an image.
    """
    if not slices or slices[0].series.ndim == 3:
        return [rescalings(slices, notice)]
    found = []
    for channel in range(slices[0].series.shape[1]):
        of_channel = [dataclasses.replace(item, series=item.series[:, channel]) for item in slices]
        try:
            found.append(rescalings(of_channel, notice))
        except DataError:
            if channel == 0:
                raise
            found.append({})
    return found


def rescaled(labelled: LabelledSlice, maps: Sequence[Mapping[Phase, Rescaling]]) -> NDArray[np.float32]:
    """Rescale the series of a slice.

    Args:
        labelled: The slice.
        maps: For each channel, the maps as `channel_rescalings` returns them; a channel without a map is kept.

    Returns:
        (T, H, W) or (T, C, H, W) float32, as the series of the slice.
    """
    if labelled.series.ndim == 3:
        own = maps[0].get(labelled.phase)
        return own.apply(labelled.series) if own else labelled.series
    channels = [
        own.apply(labelled.series[:, channel]) if (own := of.get(labelled.phase)) else labelled.series[:, channel]
        for channel, of in enumerate(maps)
    ]
    return np.stack(channels, axis=1)


def _require_image(volume: Sequence[LabelledSlice], pixels: NDArray[np.float32], where: Path) -> None:
    low, high = float(pixels.min()), float(pixels.max())
    what = ""
    if low == high:
        what = f"all its values are {low:g}, so the image is blank"
    elif high - low < FEWEST_VALUES or len(np.unique(pixels[:: max(1, len(pixels) // 10_000)])) < FEWEST_VALUES:
        values = np.unique(pixels)
        if len(values) < FEWEST_VALUES:
            what = f"it has only {len(values)} different values, from {low:g} to {high:g}: are these labels?"
    if what:
        raise DataError(what, where=where, fix="put the scanned image in its place")
    empty = [item for item in volume if item.mask.any() and item.image.min() == item.image.max()]
    if empty:
        names = ", ".join(item.name for item in empty)
        raise DataError(
            f"{names}: all values of the slice are {float(empty[0].image.min()):g}, but it has a cavity",
            where=empty[0].image_source,
            fix="put the scanned image in its place",
        )


def _loss(pixels: NDArray[np.float32]) -> str:
    """Say what CLAHE would destroy in a volume; empty if nothing."""
    outside = float(((pixels < -0.5) | (pixels > _LARGEST + 0.5)).mean())
    if outside > _CLIPPED:
        return f"takes 0 to {_LARGEST:.0f}, and {outside:.1%} of the values lie outside"
    integral = bool((pixels == np.rint(pixels)).all())
    if integral:
        low, high = np.quantile(pixels, _CENTRAL)
        levels, enough = int(high - low) + 1, _ENOUGH_INTEGERS
    else:
        levels, enough = _levels(pixels), _ENOUGH_LEVELS
    return f"rounds to integers and would keep {levels} grey level{'s' * (levels > 1)}" if levels < enough else ""


def _rescaling(pixels: NDArray[np.float32], where: Path) -> Rescaling:
    """Map the whole range of values, or a narrower one if extreme values leave too few levels for the others."""
    inner = tuple(float(value) for value in np.quantile(pixels, _INNER))
    for low, high in ((float(pixels.min()), float(pixels.max())), inner):
        found = Rescaling(low, high)
        if high > low and (
            _levels(found.apply(pixels)) >= _ENOUGH_INTEGERS or len(np.unique(pixels)) <= _ENOUGH_INTEGERS
        ):
            return found
    raise DataError(
        f"its values reach from {float(pixels.min()):g} to {float(pixels.max()):g}, but most lie so close together "
        "that 16-bit integers cannot tell them apart",
        where=where,
        fix="replace values that mark the background or gaps (such as -1000) by the lowest of the image",
    )


def _levels(pixels: NDArray[np.float32]) -> int:
    """Number of distinct integers among the middle 99% of pixels after rounding."""
    integers = np.clip(np.rint(pixels), 0, _LARGEST).astype(np.int64)
    counts = np.bincount(integers)
    share = np.cumsum(counts) / len(pixels)
    return int(((counts > 0) & (share >= _CENTRAL[0]) & (share - counts / len(pixels) <= _CENTRAL[1])).sum())


def _said(rescaling: Rescaling, pixels: NDArray[np.float32]) -> str:
    text = f"values {rescaling.low:g} to {rescaling.high:g} become 0 to {RESCALED_TO:.0f}"
    low, high = float(pixels.min()), float(pixels.max())
    extremes = "" if (low, high) == (rescaling.low, rescaling.high) else f" (a few reach from {low:g} to {high:g})"
    return text + extremes


def _source(volume: Sequence[LabelledSlice]) -> Path:
    """The file of a volume, or its folder if there is one file per slice."""
    sources = {labelled.image_source for labelled in volume}
    return volume[0].image_source if len(sources) == 1 else volume[0].image_source.parent
