"""Reads DICOM tags from where classic and enhanced files keep them."""

from __future__ import annotations

import math
from typing import Any, Final

import pydicom

_FUNCTIONAL_GROUPS: Final = ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")


def value_of(dataset: pydicom.Dataset, keyword: str) -> Any:
    """The value of a tag, which enhanced files keep in functional groups; None if it is empty or absent.

    Source: PS3.3 C.7.6.16. Images with several frames are refused earlier, so the first group belongs to the image.
    """
    value = dataset.get(keyword)
    if not _is_empty(value):
        return value
    for name in _FUNCTIONAL_GROUPS:
        for group in dataset.get(name) or ():
            for element in group:
                for item in element.value if element.VR == "SQ" else ():
                    if not _is_empty(found := item.get(keyword)):
                        return found
    return None


def number(dataset: pydicom.Dataset, keyword: str) -> float | None:
    """The value of a tag that holds one number; None if it is empty, absent or not finite."""
    value = value_of(dataset, keyword)
    found = None if value is None else float(value)
    return found if found is not None and math.isfinite(found) else None


def _is_empty(value: Any) -> bool:
    return value is None or (hasattr(value, "__len__") and len(value) == 0)
