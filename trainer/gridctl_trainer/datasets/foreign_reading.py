"""Reads data sets from plugins. What a plugin returns is checked before it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.base import CaseFiles, Dataset
from gridctl_trainer.datasets.quality.oddities import Notice
from gridctl_trainer.datasets.slices import LabelledSlice

_FIX = "report it to the author of the data set; gridctl_trainer.testing.datasets says what each must do"


def read_foreign(name: str, dataset: Dataset, case: CaseFiles, frames: int, notice: Notice) -> Sequence[LabelledSlice]:
    """Read the slices of a case with a plugin and check them.

    Args:
        name: Name of the data set, for messages.
        dataset: The plugin.
        case: One of its cases.
        frames: Number of frames in each slice's series.
        notice: Called with everything odd that does not prevent the case from being read.

    Raises:
        DataError: The case cannot be read, the plugin fails, or it returns something that is not a valid slice.
    """
    where = case.files[0] if case.files else case.patient
    try:
        slices = list(dataset.read(case, frames, notice))
    except DataError:
        raise
    except Exception as error:  # foreign code may raise anything; name the case, so that the others can be read
        raise DataError(
            f"the dataset '{name}' fails on {case.patient}: {type(error).__name__}: {error}",
            where=where,
            fix="repair the file, or the data set's code",
        ) from error
    if wrong := next((f"{found.name}: {what}" for found in slices for what in why_no_slice(found, frames)), ""):
        raise DataError(f"the dataset '{name}' returns an invalid slice: {wrong}", where=where, fix=_FIX)
    if foreign := {found.patient for found in slices} - {case.patient}:
        raise DataError(
            f"the dataset '{name}' returns slices of {', '.join(sorted(foreign))} for {case.patient}",
            where=where,
            fix=_FIX,
        )
    if not slices:
        raise DataError(f"the dataset '{name}' returns no slice of {case.patient}", where=where, fix=_FIX)
    return slices


def why_no_slice(found: LabelledSlice, frames: int) -> Iterator[str]:
    """Say what is wrong with a slice that a data set returned.

    Args:
        found: The slice.
        frames: Number of frames that were requested.

    Yields:
        One sentence for each fault.
    """
    series = found.series
    if series.ndim not in (3, 4) or len(series) != frames or series.dtype != np.float32:
        yield f"its series is {series.dtype} {series.shape}, not float32 ({frames}, H, W) or ({frames}, C, H, W)"
        return
    if not np.isfinite(series).all():
        yield "its image holds NaN or infinity"
    for name, mask in found.masks.items():
        if mask.shape != series.shape[-2:] or mask.dtype != np.uint8 or (mask.size and int(mask.max()) > 1):
            yield f"its mask of {name} is {mask.dtype} {mask.shape}, not 0 and 1 in uint8 {series.shape[-2:]}"
    if len(found.spacing_mm) != 3 or not all(np.isfinite(mm) for mm in found.spacing_mm) or min(found.spacing_mm) < 0:
        yield f"its spacing is {found.spacing_mm}, not three distances in mm"
    elif min(found.spacing_mm[:2]) == 0:
        yield "its pixels have no size: the spacing of rows and columns has to be known"
