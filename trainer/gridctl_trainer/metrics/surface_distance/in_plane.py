"""Distances between outlines within each slice. They are 2-D, so the distance between slices does not matter.

A slice without the structure in the truth has no distance and is left out. A slice in which the model misses the
structure counts with the slice's diagonal. The position of a slice is a third of the slices that show the structure in
the truth. Files do not say which end is the base, so it is assumed to be the end at which the structure is larger.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from gridctl_trainer.metrics.base import NO_SPACING, NO_TRUTH, CaseVolume, MetricDescriptor, Undefined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_RULE: Final = (
    "slices without the structure in the truth are left out; if only the prediction lacks it, the slice's diagonal "
    "counts as the distance"
)


def slice_hd95(volume: CaseVolume) -> float | Undefined:
    """In-plane HD95, the mean over the slices of a case, in mm."""
    return _mean(volume, 0, 1)


def slice_hd95_basal(volume: CaseVolume) -> float | Undefined:
    """In-plane HD95, the mean over the basal third of the slices, in mm."""
    return _mean(volume, 0, 1 / 3)


def slice_hd95_mid(volume: CaseVolume) -> float | Undefined:
    """In-plane HD95, the mean over the middle third of the slices, in mm."""
    return _mean(volume, 1 / 3, 2 / 3)


def slice_hd95_apical(volume: CaseVolume) -> float | Undefined:
    """In-plane HD95, the mean over the apical third of the slices, in mm."""
    return _mean(volume, 2 / 3, 1)


def hd95_by_slice(volume: CaseVolume) -> dict[int, float]:
    """In-plane HD95 of each slice that shows the structure in the truth, in mm.

    Args:
        volume: The volume, whose spacing within a slice must be known.

    Returns:
        The HD95 by the place of the slice in the scan, from base to apex.
    """
    import numpy as np

    rows, columns, _ = volume.spacing_mm
    _, high, wide = volume.truth.shape
    missed_mm = math.hypot(high * rows, wide * columns)
    both = np.flatnonzero(np.logical_and(volume.predicted.any(axis=(1, 2)), volume.truth.any(axis=(1, 2))))
    percentiles = dict(
        zip(both.tolist(), _percentiles(volume.predicted[both], volume.truth[both], rows, columns), strict=True)
    )
    return {int(volume.slices[place]): percentiles.get(place, missed_mm) for place in _from_base_to_apex(volume.truth)}


def _from_base_to_apex(truth: NDArray[np.bool_]) -> list[int]:
    """Indices of the slices that show the structure."""
    import numpy as np

    areas = truth.sum(axis=(1, 2))
    there: list[int] = np.flatnonzero(areas).tolist()
    half = len(there) // 2
    return there[::-1] if areas[there[:half]].sum() < areas[there[len(there) - half :]].sum() else there


def _percentiles(
    predicted: NDArray[np.bool_], truth: NDArray[np.bool_], rows_mm: float, columns_mm: float
) -> Iterator[float]:
    """HD95 of each slice. Neither mask may be empty in any slice.

    All slices are searched together, spaced further apart than any two points within a slice, so that the nearest point
    always lies in the same slice.
    """
    import numpy as np

    from gridctl_trainer.metrics.surface_distance.distances import bounding_box, nearest_mm, surface

    if not len(truth):
        return
    box = bounding_box(predicted | truth)
    points = [surface(mask[box], (1, 2)) for mask in (predicted, truth)]
    _, high, wide = truth[box].shape
    spacing_mm = (2 * math.hypot(high * rows_mm, wide * columns_mm), rows_mm, columns_mm)
    directed = [nearest_mm(points[0], points[1], spacing_mm), nearest_mm(points[1], points[0], spacing_mm)]
    ends = [of_mask.sum(axis=(1, 2)).cumsum()[:-1] for of_mask in points]
    split = [np.split(distances, end) for distances, end in zip(directed, ends, strict=True)]
    for one, other in zip(*split, strict=True):
        yield float(max(np.percentile(one, 95), np.percentile(other, 95)))


def _mean(volume: CaseVolume, low: float, high: float) -> float | Undefined:
    """The mean over the slices whose centre lies in this part of the way from base (0) to apex (1)."""
    if not volume.true_voxels:
        return NO_TRUTH
    if not all(side > 0 for side in volume.spacing_mm[:2]):
        return NO_SPACING
    of_slices = list(volume.in_plane_hd95.values())
    chosen = [value for index, value in enumerate(of_slices) if low <= (index + 0.5) / len(of_slices) < high]
    return sum(chosen) / len(chosen) if chosen else Undefined("no slice in this third")


_distance = partial(MetricDescriptor, higher_is_better=False, unit="mm", low=0, level="case")

SLICE_HD95: Final = _distance(
    label="in-plane HD95",
    definition=f"95% Hausdorff distance within each slice (2-D), mean over slices, mean over patients; {_RULE}",
    function=slice_hd95,
)

SLICE_HD95_BASAL: Final = _distance(
    label="in-plane HD95, basal",
    definition=f"in-plane HD95 over the basal third of the slices that have the structure; {_RULE}",
    function=slice_hd95_basal,
)

SLICE_HD95_MID: Final = _distance(
    label="in-plane HD95, mid",
    definition=f"in-plane HD95 over the middle third of the slices that have the structure; {_RULE}",
    function=slice_hd95_mid,
)

SLICE_HD95_APICAL: Final = _distance(
    label="in-plane HD95, apical",
    definition=f"in-plane HD95 over the apical third of the slices that have the structure; {_RULE}",
    function=slice_hd95_apical,
)
