"""Values of DICOM tags, wherever classic and enhanced files keep them."""

from __future__ import annotations

import math
from typing import Any, Final

import pydicom

_FUNCTIONAL_GROUPS: Final = ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")


def value_of(dataset: pydicom.Dataset, keyword: str) -> Any:
    """A tag's value, in an enhanced file that of its functional groups; None if it is empty or not there.

    Source: PS3.3 C.7.6.16. An image of several frames is refused before, so the first group is that of the image.
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
    """A tag that holds one number; None if it is empty, not there or not finite."""
    value = value_of(dataset, keyword)
    found = None if value is None else float(value)
    return found if found is not None and math.isfinite(found) else None


def _is_empty(value: Any) -> bool:
    return value is None or (hasattr(value, "__len__") and len(value) == 0)
