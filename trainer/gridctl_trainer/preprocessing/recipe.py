"""What a pack is made by: two packs of one data set differ only in this."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from importlib import metadata
from typing import Annotated, Any, Final

from pydantic import PlainSerializer

from gridctl_trainer.contract.frozen import Frozen, canonical_json
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.contract.spec.preprocessing import (
    DEFAULT_STEPS,
    Preprocessing,
    StepSpec,
    are_usual,
    said_of_steps,
)
from gridctl_trainer.datasets.registry import Kind
from gridctl_trainer.plugins.step import foreign_steps, step_provenance

_HASH_DIGITS: Final = 8

_DECIDING: Final = ("numpy", "opencv-python-headless", "nibabel", "pydicom")
_DECODERS: Final[Mapping[Kind, tuple[str, ...]]] = {"sunnybrook": ("imagecodecs",)}
_READER: Final[Mapping[Kind, str]] = {"sunnybrook": "2"}
"""Of the code that reads a data set. Raise it when the same files give other pixels; a first version is not
noted, so that packs stay valid that were made before there was this number.

Sunnybrook 2: MONOCHROME1 is inverted.
"""


def _steps_as_json(steps: tuple[StepSpec, ...]) -> Any:
    """Of the default steps a pack says which are on, as packs did before there were others."""
    if are_usual(steps):
        return {item.step: item in steps for item in DEFAULT_STEPS}
    return [item.model_dump(mode="json") for item in steps]


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
    preprocessing: Annotated[Preprocessing, PlainSerializer(_steps_as_json)]
    frames: int

    @classmethod
    def of(cls, kind: Kind, data: DataSpec, frames: int) -> Recipe:
        """The recipe that a run's specification asks for."""
        return cls(kind=kind, size_px=data.size_px, preprocessing=data.preprocessing, frames=frames)

    @property
    def name(self) -> str:
        """Of the pack's folder: `acdc-176px-no_clahe-6frames`; where steps of others are on, with their digest."""
        steps = [re.sub(r"\W+", "_", said) for said in said_of_steps(self.preprocessing)]
        if not are_usual(self.preprocessing):
            content = canonical_json(_steps_as_json(self.preprocessing)).encode()
            steps.append(hashlib.sha256(content).hexdigest()[:_HASH_DIGITS])
        series = [f"{self.frames}frames"] if self.frames > 1 else []
        return "-".join([self.kind, f"{self.size_px}px", *steps, *series])

    @property
    def data(self) -> DataSpec:
        """As `preprocess` takes it; its folders mean nothing."""
        train = DatasetSpec(dataset=self.kind, path="-")
        return DataSpec(train=train, size_px=self.size_px, preprocessing=self.preprocessing)


def deciding_versions(recipe: Recipe) -> dict[str, str]:
    """Versions of what reads and prepares the images of a data set: with others pixels may differ.

    Of steps that do not come with gridctl it is a digest of their source.
    """
    kind = recipe.kind
    found = {"reader": _READER[kind]} if kind in _READER else {}
    for name in (*_DECIDING, *_DECODERS.get(kind, ())):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    for name in foreign_steps(recipe.preprocessing):
        code = step_provenance(name)
        found[f"step {name}"] = code.source_digest or f"{code.distribution} {code.version}"
    return found
