"""What a pack is made by: two packs of one data set differ only in this."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Final

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec, PreprocessingSpec
from gridctl_trainer.datasets.registry import Kind

_DECIDING: Final = ("numpy", "opencv-python-headless", "nibabel", "pydicom")
_DECODERS: Final[Mapping[Kind, tuple[str, ...]]] = {"sunnybrook": ("imagecodecs",)}
_READER: Final[Mapping[Kind, str]] = {"sunnybrook": "2"}
"""Of the code that reads a data set. Raise it when the same files give other pixels; a first version is not
noted, so that packs stay valid that were made before there was this number.

Sunnybrook 2: MONOCHROME1 is inverted.
"""


class Recipe(Frozen):
    """How a data set is prepared.

    Attributes:
        kind: Which data set.
        size_px: Side of the square that models see.
        preprocessing: Steps before that square is cut.
        frames: Of each series, the labelled one included.
    """

    kind: Kind
    size_px: int
    preprocessing: PreprocessingSpec
    frames: int

    @classmethod
    def of(cls, kind: Kind, data: DataSpec, frames: int) -> Recipe:
        """The recipe that a run's specification asks for."""
        return cls(kind=kind, size_px=data.size_px, preprocessing=data.preprocessing, frames=frames)

    @property
    def name(self) -> str:
        """Of the pack's folder: `acdc-176px-no_clahe-6frames`."""
        steps = self.preprocessing.model_dump()
        without = [f"no_{step}" for step, kept in steps.items() if not kept]
        series = [f"{self.frames}frames"] if self.frames > 1 else []
        return "-".join([self.kind, f"{self.size_px}px", *without, *series])

    @property
    def data(self) -> DataSpec:
        """As `preprocess` takes it; its folders mean nothing."""
        train = DatasetSpec(dataset=self.kind, path="-")
        return DataSpec(train=train, size_px=self.size_px, preprocessing=self.preprocessing)


def deciding_versions(kind: Kind) -> dict[str, str]:
    """Versions of what reads and prepares the images of a data set: with others pixels may differ."""
    found = {"reader": _READER[kind]} if kind in _READER else {}
    for name in (*_DECIDING, *_DECODERS.get(kind, ())):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
