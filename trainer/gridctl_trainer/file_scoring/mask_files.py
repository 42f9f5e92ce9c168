"""Finds the label maps in a folder and the case of each, and reads them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.contract.errors import DataError, SpecError
from gridctl_trainer.contract.wording import count
from gridctl_trainer.datasets.file_tree import walk
from gridctl_trainer.datasets.formats.nifti import Volume, read_volume
from gridctl_trainer.file_scoring.label_names import LabelNames

_SUFFIX: Final = re.compile(r"[_-](gt|seg|pred|mask|label)$", re.IGNORECASE)
_TRUTH: Final = "_gt"
_TIME_POINT: Final = re.compile(r"(?P<patient>.+?)[_-](?P<time_point>ed|es)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Content of a label map.

    Attributes:
        numbers: (S, H, W) whole numbers.
        volume: The volume as read, with its grid.
    """

    numbers: NDArray[Any]
    volume: Volume


def find_masks(place: Path, side: str, note: Callable[[str], None]) -> dict[str, Path]:
    """Find the NIfTI files in a folder by case, whose name is that of the file without ending and `_gt`.

    If several folders use the same names, as in `patient001/mask.nii.gz`, the folder is part of the case's name.

    Args:
        place: A folder, or one file.
        side: `PREDICTIONS` or `TRUTH`, for messages.
        note: Called with a note about files that are skipped.

    Raises:
        SpecError: The place does not exist or holds no label map.
        DataError: Some part cannot be read, or two files belong to one case.
    """
    if place.is_file():
        return {case_name(place): place}
    if not place.is_dir():
        raise SpecError("there is no such file or folder", where=f"{side} {place}", fix="give the folder of the masks")
    files = [path for path in walk(place).require_readable() if stem(path) is not None]
    truths = [path for path in files if str(stem(path)).casefold().endswith(_TRUTH)]
    if truths and len(truths) < len(files):
        others = len(files) - len(truths)
        note(f"{place}: {count(others, 'file')} skipped, as only those named *{_TRUTH}.nii* are taken for label maps")
        files = truths
    if not files:
        raise SpecError("there is no NIfTI file in it", where=f"{side} {place}", fix="give the folder of the masks")
    by_name = [(case_name(path), path) for path in files]
    if max(Counter(name for name, _ in by_name).values()) > 1:
        by_name = [((path.parent.relative_to(place) / case_name(path)).as_posix(), path) for path in files]
    if twice := [name for name, times in Counter(name for name, _ in by_name).items() if times > 1]:
        of_one = ", ".join(path.name for name, path in by_name if name == twice[0])
        raise DataError(f"{of_one} belong to one case, {twice[0]}", where=place, fix="move all but one of them away")
    return dict(by_name)


def stem(path: Path) -> str | None:
    """The name of a NIfTI file without its ending; None for any other file."""
    found = re.fullmatch(r"(.+)\.nii(\.gz)?", path.name, re.IGNORECASE)
    return found[1] if found else None


def case_name(path: Path) -> str:
    """The name of the case to which a file belongs."""
    return _SUFFIX.sub("", stem(path) or path.name)


class CaseNames:
    """Derives the patient and time point of a case from its name.

    Args:
        pattern: A regular expression that must match the whole name, with a group `patient` and, if there are several
            time points, a group `time_point`; None to take `_ED` and `_ES` at the end as time points.

    Raises:
        SpecError: The pattern is not a regular expression, or lacks the group `patient`.
    """

    def __init__(self, pattern: str | None) -> None:
        self._pattern = _TIME_POINT
        self.given = pattern is not None
        if pattern is None:
            return
        fix = r"write it as '(?P<patient>patient\d+)_(?P<time_point>ED|ES)'"
        try:
            self._pattern = re.compile(pattern)
        except re.error as error:
            raise SpecError(f"it is not a regular expression: {error}", where="--pattern", fix=fix) from None
        if "patient" not in self._pattern.groupindex:
            raise SpecError("it has no group named patient", where="--pattern", fix=fix)

    def of(self, name: str, path: Path) -> tuple[str, str]:
        """Derive the patient and the time point of a case.

        Args:
            name: Name of the case.
            path: Its file, for the message.

        Returns:
            The patient's id, and the time point, which is empty if the name has none.

        Raises:
            DataError: The name does not fit the pattern.
        """
        found = self._pattern.fullmatch(name)
        if found is None:
            if self.given:
                raise DataError(
                    f"its name, {name}, does not fit --pattern",
                    where=path,
                    fix="correct the pattern, or rename the file",
                )
            return name, ""
        parts: Mapping[str, str | None] = found.groupdict()
        time_point = parts.get("time_point") or ""
        return parts["patient"] or name, time_point if self.given else time_point.upper()


def read_label_map(path: Path, names: LabelNames, option: str) -> LabelMap:
    """Read a label map.

    Args:
        path: The file.
        names: Declared labels.
        option: Option with which labels are declared, for messages.

    Raises:
        DataError: The file is unreadable, has no spacing, or holds NaN, fractions or undeclared numbers.
    """
    volume = read_volume(path)
    array = volume.array
    if array.dtype.kind == "f" and (fractions := array[array != np.floor(array)]).size:
        raise DataError(
            f"it is not a label map: it holds fractions, such as {fractions.flat[0]:g}",
            where=path,
            fix="write the number of the most likely label for each voxel",
        )
    if unknown := sorted({int(number) for number in np.unique(array)} - names.declared):
        said = ", ".join(map(str, unknown[:5]))
        what = f"it holds the label{'s' if len(unknown) > 1 else ''} {said}, which is not declared"
        number = unknown[0]
        fix = f"declared: {names.text}; add to {option}: {number}=NAME, or {number}=background if it is not a structure"
        raise DataError(what, where=path, fix=fix)
    return LabelMap(array, volume)
