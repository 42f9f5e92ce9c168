"""Whether grey values survive CLAHE, which rounds them to 16-bit integers, and what is done if not.

Published scans hold integers up to some hundred or thousand, and rounding costs them nothing. Values
scaled to [0, 1] or z-scored would become two or ten grey levels, so they are spread out first.
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
"""How the oddity of every rescaled volume begins."""

RESCALED_TO: Final = 511.0
"""Largest value after rescaling.

CLAHE's result depends on the scale. Of 255, 511, 1023, 2047 and 4095 this one changes published scans the
least when they are rescaled to it: by 0.02 of [0, 1] in the mean over ACDC, by 0.014 over Sunnybrook.
"""

FEWEST_VALUES: Final = 16
"""Different values below which a volume is taken for labels; published scans have 175 and more."""

_LARGEST: Final = float(np.iinfo(np.uint16).max)
_ENOUGH_LEVELS: Final = 128
_ENOUGH_INTEGERS: Final = 64
_CLIPPED: Final = 0.001
_CENTRAL: Final = (0.005, 0.995)
_INNER: Final = (0.001, 0.999)


@dataclass(frozen=True, slots=True)
class Rescaling:
    """A linear map of grey values: `low` becomes 0, `high` becomes `RESCALED_TO`."""

    low: float
    high: float

    def apply(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values on the new scale, float32; those outside of `low` and `high` lie outside of it."""
        scaled = (pixels.astype(np.float64) - self.low) * (RESCALED_TO / (self.high - self.low))
        return scaled.astype(np.float32)


def rescalings(slices: Sequence[LabelledSlice], notice: Notice) -> Mapping[Phase, Rescaling]:
    """The map of every volume of a patient that CLAHE cannot take as it is.

    One map holds for a whole volume and for the frames before it, so that they stay comparable.

    Args:
        slices: Of one patient.
        notice: Told of every volume that is to be rescaled, and how.

    Raises:
        DataError: A volume is no image: constant, labels, or without grey levels beside a few extreme values.
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
    """`rescalings` of each channel; further ones than the first may be anything, so they are not refused.

    Raises:
        DataError: A volume is no image.
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
    """The series of a slice, each channel by its map, if it has one."""
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
        what = f"all its values are {low:g}, so it shows nothing"
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
    """What CLAHE does to a volume that loses by it; empty where it loses nothing."""
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
    """From the lowest to the highest value; if a few extreme ones leave too little to the others, without those."""
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
    """How many integers the middle 99% of pixels take after rounding."""
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
    """The file of a volume; the folder of one that has a file for each slice."""
    sources = {labelled.image_source for labelled in volume}
    return volume[0].image_source if len(sources) == 1 else volume[0].image_source.parent
