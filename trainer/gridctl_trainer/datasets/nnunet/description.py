"""Reads dataset.json: channels, labels and the file ending, as versions 1 and 2 of nnU-Net write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.json_text import read_json
from gridctl_trainer.datasets.formats.text import read_text

NAME: Final = "dataset.json"
_MOST_BYTES: Final = 1 << 24
_ENDINGS: Final = (".nii.gz", ".nii")


@dataclass(frozen=True, slots=True)
class Description:
    """Content of a dataset.json.

    Attributes:
        channels: Number of files per image.
        labels: Numbers of each label, by its name; a region has several. Background is left out.
        ending: Ending of all image and label files.
    """

    channels: int
    labels: Mapping[str, tuple[int, ...]]
    ending: str


def read_description(root: Path) -> Description:
    """Read dataset.json.

    Raises:
        DataError: The file is missing, is not JSON, or describes something that cannot be read here.
    """
    path = root / NAME
    text = read_text(path, fix=f"give the folder that holds {NAME}, imagesTr and labelsTr")
    try:
        content = read_json(text, _MOST_BYTES)
    except ValueError as error:
        raise DataError(f"not JSON: {error}", where=path) from None
    if not isinstance(content, dict) or not isinstance(content.get("labels"), dict):
        raise DataError("it has no labels", where=path, fix='write "labels": {"background": 0, "LV": 1, ...}')
    channels = content.get("channel_names", content.get("modality"))
    if not isinstance(channels, dict) or not channels:
        raise DataError('it has neither "channel_names" nor "modality"', where=path, fix="name each channel")
    ending = content.get("file_ending", ".nii.gz")
    if ending not in _ENDINGS:
        raise DataError(
            f"its files end with {ending}, but only NIfTI files state the size of a voxel",
            where=path,
            fix="convert them to .nii.gz",
        )
    labels = _labels(content["labels"], path)
    if ignored := [name for name in labels if name.casefold() == "ignore"]:
        raise DataError(
            f"it has the label '{ignored[0]}' for pixels to ignore, which gridctl does not support",
            where=path,
            fix="leave out the cases with this label",
        )
    return Description(len(channels), labels, str(ending))


def _labels(given: Mapping[str, Any], path: Path) -> Mapping[str, tuple[int, ...]]:
    """Label numbers by name. Version 1 maps a number to a name, version 2 a name to a number or several numbers."""
    found: dict[str, tuple[int, ...]] = {}
    for key, value in given.items():
        if key.isdigit() and isinstance(value, str):
            name, numbers = value, [int(key)]
        else:
            name, numbers = key, value if isinstance(value, list) else [value]
        if not all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in numbers):
            raise DataError(f"its label '{name}' has the number {value}", where=path, fix="labels are whole numbers")
        if name in found:
            raise DataError(f"it names '{name}' twice", where=path)
        if list(numbers) != [0]:
            found[name] = tuple(numbers)
    return found
