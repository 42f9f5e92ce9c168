"""The recipe of a pack. Two packs of the same data set differ only in their recipes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from importlib import metadata
from typing import Annotated, Any, Final

from pydantic import Field, PlainSerializer, SerializerFunctionWrapHandler, model_serializer

from gridctl_trainer.contract.frozen import Frozen, canonical_json
from gridctl_trainer.contract.records.plugin_provenance import PluginProvenance
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.contract.spec.data import DEFAULT_TARGET
from gridctl_trainer.contract.spec.preprocessing import (
    DEFAULT_STEPS,
    Preprocessing,
    StepSpec,
    are_usual,
    said_of_steps,
)
from gridctl_trainer.plugins.dataset import DATASETS
from gridctl_trainer.plugins.step import STEPS, foreign_steps

_HASH_DIGITS: Final = 8

_DECIDING: Final = ("numpy", "opencv-python-headless", "nibabel", "pydicom")


def _steps_as_json(steps: tuple[StepSpec, ...]) -> Any:
    """Serialise default steps as on or off, as packs did before other steps existed, and any others as a list."""
    if are_usual(steps):
        return {item.step: item in steps for item in DEFAULT_STEPS}
    return [item.model_dump(mode="json") for item in steps]


class Recipe(Frozen):
    """How a data set is prepared.

    Attributes:
        kind: Short name of the data set, or its path `pkg.module:Name`.
        size_px: Side length of the square that models see.
        preprocessing: Steps that are applied before the square is cut.
        frames: Number of frames in each series, including the labelled one.
        options: Options of the data set.
        target: Structures that masks distinguish.
    """

    kind: str
    size_px: int
    preprocessing: Annotated[Preprocessing, PlainSerializer(_steps_as_json)]
    frames: int
    options: Mapping[str, Any] = Field(default_factory=dict)
    target: tuple[str, ...] = DEFAULT_TARGET

    @classmethod
    def of(cls, kind: str, data: DataSpec, frames: int, options: Mapping[str, Any] | None = None) -> Recipe:
        """The recipe that the specification of a run asks for.

        Args:
            kind: Short name of the data set, or its path `pkg.module:Name`.
            data: How the run prepares its data.
            frames: Number of frames in each series, including the labelled one.
            options: Options of the data set.
        """
        return cls(
            kind=kind,
            size_px=data.size_px,
            preprocessing=data.preprocessing,
            frames=frames,
            options=options or {},
            target=data.target,
        )

    @model_serializer(mode="wrap")
    def _without_defaults(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out default options and target, so that older packs, which have neither, stay valid."""
        written: dict[str, Any] = serialize(self)
        given = {"options": bool(self.options), "target": self.target != DEFAULT_TARGET}
        return {key: value for key, value in written.items() if given.get(key, True)}

    @property
    def name(self) -> str:
        """Name of the pack's folder, such as `acdc-176px-no_clahe-6frames`; it has a digest of steps from plugins."""
        steps = [re.sub(r"\W+", "_", said) for said in said_of_steps(self.preprocessing)]
        if not are_usual(self.preprocessing):
            steps.append(_short_digest(_steps_as_json(self.preprocessing)))
        series = [f"{self.frames}frames"] if self.frames > 1 else []
        target = list(self.target) if self.target != DEFAULT_TARGET else []
        options = [_short_digest(dict(self.options))] if self.options else []
        return "-".join([re.sub(r"\W+", "_", self.kind), *options, f"{self.size_px}px", *steps, *series, *target])

    @property
    def data(self) -> DataSpec:
        """The recipe in the form that `preprocess` takes; its folders are placeholders."""
        train = DatasetSpec(dataset=self.kind, path="-")
        return DataSpec(train=train, size_px=self.size_px, preprocessing=self.preprocessing, target=self.target)


def _short_digest(content: Any) -> str:
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()[:_HASH_DIGITS]


def deciding_versions(recipe: Recipe) -> dict[str, str]:
    """Versions of all software that reads and prepares the images of a data set, on which pixels may depend.

    For data sets and steps from plugins, the version is a digest of their source.
    """
    described = DATASETS.find(recipe.kind)
    found = {"reader": described.reader} if described.reader else {}
    for name in (*_DECIDING, *described.libraries):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    if not DATASETS.is_built_in(recipe.kind):
        found[f"dataset {recipe.kind}"] = _code(DATASETS.provenance(recipe.kind))
    for name in foreign_steps(recipe.preprocessing):
        found[f"step {name}"] = _code(STEPS.provenance(name))
    return found


def _code(provenance: PluginProvenance) -> str:
    return provenance.source_digest or f"{provenance.distribution} {provenance.version}"
