"""Models as plugins: the base of their options, what describes one, and the registry. Nothing here needs torch.

    class Options(ModelOptions):
        width: int = Field(32, ge=1)

    RES_UNET = ModelDescriptor(summary="a U-Net of residual blocks", options=Options, build="mylab.nets:ResUNet")

An installed package registers `RES_UNET` as an entry point of the group `gridctl.models`.
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
"""Keys of a model in an experiment file, which no option can have as its name; nor `preset` without presets."""

GIVEN: Final = ("in_channels", "classes")
"""Names of what gridctl itself gives a model besides its options."""


@dataclass(frozen=True, slots=True)
class TrainingRecipe:
    """How a preset has its model trained where the model's entry in an experiment says nothing else.

    Attributes:
        training: Keys of `training`, as an experiment file has them; they come before those of its section `training`.
        augmentation: Keys of `data.augmentation`, before those of that section.
    """

    training: Mapping[str, Any] = field(default_factory=dict)
    augmentation: Mapping[str, Any] = field(default_factory=dict)


class ModelOptions(Frozen):
    """Base of a model's options: one annotated field each, explained in the docstring's `Attributes`.

    An option that cannot change a result is declared as `Annotated[bool, RECORDED]`; all others are part of a run's
    identity. A model may have named `presets`, which fill what is not given; it then has a field `preset` whose
    default names one without content. By `recipes` a preset says how the model is trained as well.
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
        """How its preset has it trained; an empty one for one that says nothing of it."""
        return self.recipes.get(str(getattr(self, "preset", "")), TrainingRecipe())

    @property
    def size_multiple(self) -> int:
        """Both sides of its images have to be multiples of this many pixels."""
        return 1

    @property
    def series_frames(self) -> int:
        """Frames of a series that it reads of an image, the labelled one included; 1 for single images."""
        return 1

    @property
    def saves_memory(self) -> Mapping[str, Any]:
        """Options, with their values, with which training would take less memory than with these; none if unknown."""
        return {}


@dataclass(frozen=True, slots=True)
class ModelDescriptor:
    """What a package registers for one model.

    Attributes:
        summary: What it is, in a few words.
        build: Of its builder, `pkg.module:name`, imported when it is trained. It is called with its options, then
            `in_channels=` and `classes=`, and returns a torch module that maps (B, in_channels, H, W) float32 images to
            (B, classes, H, W) float32 logits.
        options: A class derived from `ModelOptions`, or its `pkg.module:Name`.
    """

    summary: str
    build: str | Callable[..., Any]
    options: type[ModelOptions] | str = ModelOptions


def _bare(found: object, path: str) -> ModelDescriptor:
    if not callable(found):
        raise PluginError(
            f"'{path}' is no model", where=path, fix="name a torch module's class, or a ModelDescriptor, by its path"
        )
    options, build = options_of_class(found, path, ModelOptions, GIVEN)
    return ModelDescriptor(summary=f"the class {path}", build=build, options=options)


MODELS: Final[Registry[ModelDescriptor]] = Registry(
    "gridctl.models", "model", ModelDescriptor, _bare, 'architecture: "pkg.module:Name"'
)


def options_class(name: str) -> type[ModelOptions]:
    """The options that a model takes.

    Args:
        name: A short name, or `pkg.module:Name`, which is imported.

    Raises:
        UnknownPluginError: No package registers that name.
        PluginError: It cannot be imported, or one of its options has a name that it cannot have.
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
    """The options of every model that is installed, gridctl's own first; one that cannot be imported is passed over."""
    found = {}
    for name in MODELS.names():
        with contextlib.suppress(PluginError):
            found[name] = options_class(name)
    return found


def options_of(network: NetworkSpec) -> ModelOptions:
    """A model's options, read from a specification.

    Raises:
        UnknownPluginError: No package registers that model.
        PluginError: It cannot be imported.
        SpecError: An option is unknown or not valid: all of them.
    """
    return _options_of(network)


@lru_cache(maxsize=1024)
def _options_of(network: NetworkSpec) -> ModelOptions:
    model = options_class(network.architecture)
    return read_options(network.architecture, model, {**network.options, **network.execution})


def network_of(name: str, options: ModelOptions) -> NetworkSpec:
    """The specification of a network: what differs from its default, by whether it can change a result.

    A preset is written out, so a run is the same one however its options were given.
    """
    if is_class_path(name):
        raise ValueError(f"{name} is named by its path: its options stand as they were written")
    parts: dict[Literal["options", "execution"], dict[str, Any]] = {"options": {}, "execution": {}}
    for key, value in differing_options(options).items():
        if key == "preset" and options.presets:
            continue
        recorded = RECORDED in type(options).model_fields[key].metadata
        parts["execution" if recorded else "options"][key] = value
    return NetworkSpec(architecture=name, options=parts["options"], execution=parts["execution"])


def builder_of(network: NetworkSpec) -> Callable[..., Any]:
    """The builder of a network, called with its options, `in_channels` and `classes`. Imports the model itself.

    Raises:
        UnknownPluginError: No package registers that model.
        PluginError: It cannot be imported.
    """
    loaded = MODELS.load(network.architecture, MODELS.find(network.architecture).build)
    return cast("Callable[..., Any]", loaded)
