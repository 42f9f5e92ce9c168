"""What a pack is made by: two packs of one data set differ only in this."""

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
    """Of the default steps a pack says which are on, as packs did before there were others."""
    if are_usual(steps):
        return {item.step: item in steps for item in DEFAULT_STEPS}
    return [item.model_dump(mode="json") for item in steps]


class Recipe(Frozen):
    """How a data set is prepared.

    Attributes:
        kind: Which data set: a short name, or `pkg.module:Name`.
        size_px: Side of the square that models see.
        preprocessing: Steps before that square is cut.
        frames: Of each series, the labelled one included.
        options: Of the data set.
        target: Structures that masks tell apart.
    """

    kind: str
    size_px: int
    preprocessing: Annotated[Preprocessing, PlainSerializer(_steps_as_json)]
    frames: int
    options: Mapping[str, Any] = Field(default_factory=dict)
    target: tuple[str, ...] = DEFAULT_TARGET

    @classmethod
    def of(cls, kind: str, data: DataSpec, frames: int, options: Mapping[str, Any] | None = None) -> Recipe:
        """The recipe that a run's specification asks for."""
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
        """Packs of before, which had neither, stay valid."""
        written: dict[str, Any] = serialize(self)
        given = {"options": bool(self.options), "target": self.target != DEFAULT_TARGET}
        return {key: value for key, value in written.items() if given.get(key, True)}

    @property
    def name(self) -> str:
        """Of the pack's folder: `acdc-176px-no_clahe-6frames`; where steps of others are on, with their digest."""
        steps = [re.sub(r"\W+", "_", said) for said in said_of_steps(self.preprocessing)]
        if not are_usual(self.preprocessing):
            steps.append(_short_digest(_steps_as_json(self.preprocessing)))
        series = [f"{self.frames}frames"] if self.frames > 1 else []
        target = list(self.target) if self.target != DEFAULT_TARGET else []
        options = [_short_digest(dict(self.options))] if self.options else []
        return "-".join([re.sub(r"\W+", "_", self.kind), *options, f"{self.size_px}px", *steps, *series, *target])

    @property
    def data(self) -> DataSpec:
        """As `preprocess` takes it; its folders mean nothing."""
        train = DatasetSpec(dataset=self.kind, path="-")
        return DataSpec(train=train, size_px=self.size_px, preprocessing=self.preprocessing, target=self.target)


def _short_digest(content: Any) -> str:
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()[:_HASH_DIGITS]


def deciding_versions(recipe: Recipe) -> dict[str, str]:
    """Versions of what reads and prepares the images of a data set: with others pixels may differ.

    Of data sets and steps that do not come with gridctl it is a digest of their source.
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
