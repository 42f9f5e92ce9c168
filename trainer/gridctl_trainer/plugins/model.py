"""Models as plugins: the base class of their options, their descriptors and their registry. Nothing here needs torch.

    class Options(ModelOptions):
        width: int = Field(32, ge=1)

    RES_UNET = ModelDescriptor(summary="a U-Net of residual blocks", options=Options, build="mylab.nets:ResUNet")

An installed package registers `RES_UNET` as an entry point in the group `gridctl.models`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Final, Literal, cast

from pydantic import model_validator

from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.spec.identity import RECORDED
from gridctl_trainer.contract.spec.network import NetworkSpec
from gridctl_trainer.plugins.bare_class import options_of_class
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.options import differing_options, read_options
from gridctl_trainer.plugins.registry import Registry

RESERVED: Final = ("architecture", "options", "training", "augmentation")
"""Keys of a model in an experiment file. No option may have one of these names, nor `preset` without presets."""

GIVEN: Final = ("in_channels", "classes")
"""Names of the keywords that gridctl itself passes to a model, besides its options."""


@dataclass(frozen=True, slots=True)
class TrainingRecipe:
    """How a preset wants its model trained. The model's own entry in an experiment file overrides it.

    Attributes:
        training: Keys of `training`, as in an experiment file. They override the file's section `training`.
        augmentation: Keys of `data.augmentation`. They override that section of the file.
    """

    training: Mapping[str, Any] = field(default_factory=dict)
    augmentation: Mapping[str, Any] = field(default_factory=dict)


class ModelOptions(Frozen):
    """Base class of a model's options: one annotated field per option, explained under `Attributes`.

    An option that cannot change a result is declared as `Annotated[bool, RECORDED]`; all others are part of a run's
    identity. A model may have named `presets`, which fill in options that are not given. It then has a field `preset`,
    whose default is the name of an empty preset. In `recipes`, a preset can also say how the model is trained.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    recipes: ClassVar[Mapping[str, TrainingRecipe]] = {}

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, given: Any) -> Any:
        if not cls.presets or not isinstance(given, Mapping):
            return given
        name = given.get("preset")
        preset = cls.presets.get(name, {}) if isinstance(name, str) else {}
        return {**preset, **given}

    @property
    def recipe(self) -> TrainingRecipe:
        """How its preset wants the model trained; empty if the preset does not say."""
        return self.recipes.get(str(getattr(self, "preset", "")), TrainingRecipe())

    @property
    def size_multiple(self) -> int:
        """Number of pixels that both sides of an image must be a multiple of."""
        return 1

    @property
    def series_frames(self) -> int:
        """Number of frames that it reads for each image, including the labelled one; 1 if it reads no series."""
        return 1

    @property
    def saves_memory(self) -> Mapping[str, Any]:
        """Options and values that would reduce the memory that training needs; empty if none are known."""
        return {}


@dataclass(frozen=True, slots=True)
class ModelDescriptor:
    """What a package registers for one model.

    Attributes:
        summary: What it is, in a few words.
        build: Its builder, or the builder's `pkg.module:name`, which is imported when the model is trained. The builder
            is called with the options, `in_channels=` and `classes=`. It returns a torch module that maps
            (B, in_channels, H, W) float32 images to (B, classes, H, W) float32 logits.
        options: A class derived from `ModelOptions`, or its `pkg.module:Name`.
    """

    summary: str
    build: str | Callable[..., Any]
    options: type[ModelOptions] | str = ModelOptions


def _bare(found: object, path: str) -> ModelDescriptor:
    if not callable(found):
        raise PluginError(
            f"'{path}' is not a model",
            where=path,
            fix="name a torch module's class, or a ModelDescriptor, by its path",
        )
    options, build = options_of_class(found, path, ModelOptions, GIVEN)
    return ModelDescriptor(summary=f"the class {path}", build=build, options=options)


MODELS: Final[Registry[ModelDescriptor]] = Registry(
    "gridctl.models", "model", ModelDescriptor, _bare, 'architecture: "pkg.module:Name"'
)


def options_class(name: str) -> type[ModelOptions]:
    """The class of a model's options.

    Args:
        name: A short name, or `pkg.module:Name`, which is imported.

    Raises:
        UnknownPluginError: No package registers that name.
        PluginError: The model cannot be imported, or one of its options has a reserved name.
    """
    found = MODELS.options(name, MODELS.find(name).options, ModelOptions)
    for option in found.model_fields:
        if option in RESERVED or (option == "preset" and not found.presets):
            raise PluginError(
                f"the model '{name}' has an option '{option}', which is a key of every model in an experiment file",
                where=f"{found.__module__}:{found.__qualname__}",
                fix="give the option another name, or report it to the authors of the model",
            )
    return found


def installed_options() -> Mapping[str, type[ModelOptions]]:
    """The options of every installed model, gridctl's own first. Models that cannot be imported are skipped."""
    found = {}
    for name in MODELS.names():
        with contextlib.suppress(PluginError):
            found[name] = options_class(name)
    return found


def options_of(network: NetworkSpec) -> ModelOptions:
    """A model's options, read from a specification.

    Raises:
        UnknownPluginError: No package registers that model.
        PluginError: The model cannot be imported.
        SpecError: Options are unknown or not valid; it lists all of them.
    """
    return _options_of(network)


@lru_cache(maxsize=1024)
def _options_of(network: NetworkSpec) -> ModelOptions:
    model = options_class(network.architecture)
    return read_options(network.architecture, model, {**network.options, **network.execution})


def network_of(name: str, options: ModelOptions) -> NetworkSpec:
    """The specification of a network: every option that differs from its default.

    Options that can change a result go to `options`, the others to `execution`. A preset is replaced by the options it
    stands for, so that the identity of a run does not depend on how its options were written.

    Raises:
        ValueError: The model is named by its path; its options are kept as written.
    """
    if is_class_path(name):
        raise ValueError(f"{name} is named by its path: its options are kept as they were written")
    parts: dict[Literal["options", "execution"], dict[str, Any]] = {"options": {}, "execution": {}}
    for key, value in differing_options(options).items():
        if key == "preset" and options.presets:
            continue
        recorded = RECORDED in type(options).model_fields[key].metadata
        parts["execution" if recorded else "options"][key] = value
    return NetworkSpec(architecture=name, options=parts["options"], execution=parts["execution"])


def builder_of(network: NetworkSpec) -> Callable[..., Any]:
    """The builder of a network, to be called with its options, `in_channels=` and `classes=`. Imports the model itself.

    Raises:
        UnknownPluginError: No package registers that model.
        PluginError: The model cannot be imported.
    """
    loaded = MODELS.load(network.architecture, MODELS.find(network.architecture).build)
    return cast("Callable[..., Any]", loaded)
