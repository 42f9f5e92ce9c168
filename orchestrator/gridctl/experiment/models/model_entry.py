"""One entry of `models`: which keys belong to the network and which to training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from gridctl.experiment.document import Location
from gridctl.experiment.empty_sections import without_empty_sections
from gridctl.experiment.known_keys import what_was_meant
from gridctl.experiment.models.trained_networks import TrainedNetworks, network_as_trained
from gridctl.experiment.validation import AddProblem, validate
from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.spec import AugmentationSpec, DataSpec, Identifier, NetworkSpec, TrainingSpec
from gridctl_trainer.contract.suggest import did_you_mean
from gridctl_trainer.contract.wording import problem_text
from gridctl_trainer.plugins.class_path import is_class_path, is_well_formed
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.model import MODELS, RESERVED, ModelOptions, TrainingRecipe, network_of, options_class
from gridctl_trainer.plugins.registry import UnknownPluginError

_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
_SECTIONS: Final = ("options", "training")


@dataclass(frozen=True, slots=True)
class Model:
    """One model of an experiment.

    Attributes:
        network: Its architecture with options.
        training: How it is trained.
        size_multiple: The side of its images must be a multiple of this; 1 where only the trainer knows it.
        augmentation: Its own keys of `data.augmentation`, from its entry or its preset.
    """

    network: NetworkSpec
    training: TrainingSpec
    size_multiple: int = 1
    augmentation: Mapping[str, Any] = field(default_factory=dict)

    def data(self, shared: DataSpec) -> DataSpec:
        """The data of its runs: the experiment's, with this model's augmentation."""
        if not self.augmentation:
            return shared
        varied = {**shared.augmentation.model_dump(), **self.augmentation}
        return shared.model_copy(update={"augmentation": AugmentationSpec.model_validate(varied)})


def read_model(
    name: str, entry: Any, training: Mapping[str, Any], report: AddProblem, trained: TrainedNetworks | None = None
) -> Model | None:
    """Validate an entry.

    A model that is named by its path is not imported here: the trainer's process checks its options.

    Args:
        name: Its key.
        entry: Its value, as written.
        training: The file's section of that name.
        report: Receives every mistake.
        trained: What runs were trained with, for a model that cannot be imported here.

    Raises:
        PluginError: The model is registered twice, or cannot be imported.
    """
    at = ("models", name)
    if not isinstance(entry, dict):
        report(at, "a model's options are a mapping of keys to values", "write {} for none")
        return None
    architecture = entry.get("architecture", name)
    where = (*at, "architecture") if "architecture" in entry else at
    if not isinstance(architecture, str):
        report(where, "expected the name of a model", did_you_mean(architecture, MODELS.names()))
        return None
    if is_class_path(architecture):
        if not is_well_formed(architecture):
            report(where, f"'{shortened(architecture, 80)}' is not the path of a model", "write it as pkg.module:Name")
            return None
        options_model = None
    else:
        try:
            options_model = options_class(architecture)
        except PluginError as error:
            candidates = trained(name, architecture) if trained else ()
            if network := network_as_trained(entry, candidates):
                return _Entry(name, architecture, None, report).as_trained(entry, training, network)
            if not isinstance(error, UnknownPluginError):
                raise
            report(where, error.problems[0].what, error.problems[0].fix)
            return None
    try:
        _IDENTIFIER.validate_python(name)
    except ValidationError as error:
        report(at, problem_text(error.errors()[0]))
        return None
    return _Entry(name, architecture, options_model, report).read(entry, training)


def _is_valid(training: Mapping[str, Any]) -> bool:
    try:
        TrainingSpec.model_validate(training)
    except ValidationError:
        return False
    return True


def either_of(name: str, architecture: str) -> tuple[str, str]:
    """What to do about a key that a model and training both have."""
    return (
        f"could be an option of {architecture}, or a key of training",
        f"write it into the section models.{name}.options or models.{name}.training",
    )


class _Entry:
    """An entry whose architecture is known, while it is read."""

    def __init__(self, name: str, architecture: str, model: type[ModelOptions] | None, report: AddProblem) -> None:
        self._at = ("models", name)
        self._architecture = architecture
        self._model = model
        self._report = report
        self._sound = True
        self._places: dict[str, dict[str, Location]] = {section: {} for section in _SECTIONS}
        self._given: dict[str, dict[str, Any]] = {section: {} for section in _SECTIONS}

    def read(self, entry: Mapping[str, Any], training: Mapping[str, Any]) -> Model | None:
        for section in _SECTIONS:
            self._read_section(section, entry.get(section))
        augmentation = self._augmentation(entry.get("augmentation"))
        for key, value in entry.items():
            if key not in RESERVED:
                self._read_flat(key, value)
        options, own_training = self._given["options"], self._given["training"]
        built = self._network(options)
        own_training = without_empty_sections(TrainingSpec, own_training)
        only = None if _is_valid(training) else own_training  # mistakes in `training` itself are reported once
        recipe = built[2] if built else TrainingRecipe()
        merged = {**training, **recipe.training, **own_training}
        trained = validate(TrainingSpec, merged, self._at, self._placed("training"), only=only)
        if built is None or trained is None or augmentation is None or not self._sound:
            return None
        network, size_multiple, _ = built
        return Model(network, trained, size_multiple, {**recipe.augmentation, **augmentation})

    def as_trained(self, entry: Mapping[str, Any], training: Mapping[str, Any], network: NetworkSpec) -> Model | None:
        read = self.read(entry, training)
        return read and Model(network, read.training, augmentation=read.augmentation)

    def _read_section(self, section: str, written: Any) -> None:
        if written is None:
            return
        if not isinstance(written, dict):
            self._refuse((*self._at, section), "expected a mapping of keys to values", "leave it out for none")
            return
        for key, value in written.items():
            self._take(section, key, value, (*self._at, section, key))

    def _augmentation(self, written: Any) -> Mapping[str, Any] | None:
        if written is None:
            return {}
        read = validate(AugmentationSpec, written, (*self._at, "augmentation"), self._report)
        return read.model_dump(include=set(written)) if read else None

    def _read_flat(self, key: str, value: Any) -> None:
        """Assign a key beside `options` and `training` to the one that has it."""
        at = (*self._at, key)
        is_training = key in TrainingSpec.model_fields
        if self._model is not None and key in self._model.model_fields:
            if is_training:
                self._refuse(at, *either_of(self._at[1], self._architecture))
            else:
                self._take("options", key, value, at)
        elif is_training:
            self._take("training", key, value, at)
        elif self._model is None:  # only the trainer knows its options
            self._take("options", key, value, at)
        else:
            known = [*self._model.model_fields, *RESERVED, *TrainingSpec.model_fields]
            self._refuse(at, f"unknown key '{shortened(key, 60)}'", what_was_meant(key, known))

    def _take(self, section: str, key: str, value: Any, at: Location) -> None:
        if key in self._given[section]:
            self._refuse(at, f"is given twice, beside `{section}` and in it", "leave one of them out")
            return
        self._given[section][key] = value
        self._places[section][key] = at

    def _refuse(self, at: Location, what: str, fix: str) -> None:
        self._report(at, what, fix)
        self._sound = False

    def _placed(self, section: str) -> AddProblem:
        """Report mistakes where the keys were written: in their section, or beside it."""

        def report(location: Location, what: str, fix: str = "") -> None:
            inner = location[len(self._at) :]
            place = self._places[section].get(str(inner[0])) if inner else None
            self._report((*place, *inner[1:]) if place else location, what, fix)

        return report

    def _network(self, options: dict[str, Any]) -> tuple[NetworkSpec, int, TrainingRecipe] | None:
        if self._model is None:
            written = {"architecture": self._architecture, "options": options}
            network = validate(NetworkSpec, written, self._at, self._report)
            return (network, 1, TrainingRecipe()) if network else None
        given = without_empty_sections(self._model, options)
        read = validate(self._model, given, self._at, self._placed("options"))
        return (network_of(self._architecture, read), read.size_multiple, read.recipe) if read else None
