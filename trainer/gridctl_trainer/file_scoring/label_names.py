"""Reads what the numbers in label maps stand for, from the command line or from nnU-Net's dataset.json."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gridctl_trainer.contract.errors import SpecError

BACKGROUND: Final = "background"
IGNORED: Final = "ignore"
SIDECAR: Final = "dataset.json"

_SAME: Final[Mapping[str, str]] = {
    "rv": "right_ventricle",
    "rvc": "right_ventricle",
    "rv_cavity": "right_ventricle",
    "lv": "left_ventricle",
    "lvc": "left_ventricle",
    "lv_cavity": "left_ventricle",
    "myo": "myocardium",
    "mlv": "myocardium",
    "lvm": "myocardium",
    "lv_myo": "myocardium",
    "lv_myocardium": "myocardium",
    "epi": "epicardium",
}
"""Short names that are common in label maps of hearts."""


@dataclass(frozen=True, slots=True)
class LabelNames:
    """Numbers of label maps and the structures that they stand for.

    Attributes:
        structures: Numbers of each structure; there are several if a structure encloses others.
        other: Numbers that mean background.
        ignored: Number in the truth for voxels that do not count; None if there is none.
    """

    structures: Mapping[str, tuple[int, ...]]
    other: tuple[int, ...] = (0,)
    ignored: int | None = None

    @property
    def declared(self) -> set[int]:
        """All numbers that a label map may hold."""
        of_structures = {number for numbers in self.structures.values() for number in numbers}
        return {0, *of_structures, *self.other, *([] if self.ignored is None else [self.ignored])}

    @property
    def text(self) -> str:
        """The labels in words, such as `1 right_ventricle, 2 myocardium`."""
        return ", ".join(f"{'+'.join(map(str, numbers))} {name}" for name, numbers in self.structures.items())


def parse_labels(text: str, option: str) -> LabelNames:
    """Read `1=right_ventricle,2=myocardium`.

    Raises:
        SpecError: The text has another form.
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not pairs or any(not equals or not number.strip().isdecimal() for number, equals, _ in pairs):
        raise SpecError(
            f"'{text}' does not name labels",
            where=option,
            fix="write NUMBER=NAME, such as 1=right_ventricle,2=myocardium",
        )
    return label_names([(name, [int(number)]) for number, _, name in pairs], option)


def labels_beside(place: Path) -> LabelNames | None:
    """Read the labels in the dataset.json in a folder or in the folder above; None if there is none.

    Raises:
        SpecError: The file does not describe the labels.
    """
    folder = place if place.is_dir() else place.parent
    for path in (folder / SIDECAR, folder.resolve().parent / SIDECAR):
        if path.is_file():
            return _of_sidecar(path)
    return None


def _of_sidecar(path: Path) -> LabelNames:
    try:
        labels = json.loads(path.read_bytes())["labels"]
        if labels and all(str(key).isdecimal() for key in labels):  # nnU-Net's first version: numbers to names
            pairs = [(str(name), [int(number)]) for number, name in labels.items()]
        else:
            pairs = [(str(name), _numbers(value)) for name, value in labels.items()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpecError(
            f"it does not say what its labels are: {type(error).__name__}: {error}",
            where=path,
            fix="correct its section 'labels', or give --labels",
        ) from None
    return label_names(pairs, path)


def _numbers(value: Any) -> list[int]:
    return [int(number) for number in (value if isinstance(value, list) else [value])]


def label_names(pairs: Sequence[tuple[str, Sequence[int]]], where: object) -> LabelNames:
    """Make label names from names and numbers as they were written.

    Args:
        pairs: Names in any spelling, each with its numbers; common short names stand for their structures.
        where: Where they were written, for messages.

    Raises:
        SpecError: A name is invalid or is given twice.
    """
    structures: dict[str, tuple[int, ...]] = {}
    other, ignored = [0], None
    for written, numbers in pairs:
        name = re.sub(r"[^a-z0-9]+", "_", written.strip().lower()).strip("_")
        name = _SAME.get(name, name)
        if name == BACKGROUND:
            other += numbers
        elif name == IGNORED:
            ignored = numbers[0]
        elif not name or name in structures:
            what = f"the structure {name} is named twice" if name else f"'{written}' is not the name of a structure"
            raise SpecError(what, where=where, fix="name each structure once, such as left_ventricle")
        else:
            structures[name] = tuple(numbers)
    if not structures:
        raise SpecError("no structure is named", where=where, fix="name at least one, such as 1=left_ventricle")
    return LabelNames(structures, tuple(other), ignored)
