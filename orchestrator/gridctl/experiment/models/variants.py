"""The data, models and training of an experiment under each ablation."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from gridctl.errors import InputError
from gridctl.experiment.data.preprocessing_steps import leave_out, with_steps
from gridctl.experiment.document import Location, field_path, set_path
from gridctl.experiment.models.model_entry import Model, read_model
from gridctl.experiment.models.trained_networks import TrainedNetworks
from gridctl.experiment.schema import Ablation
from gridctl.experiment.validation import AddProblem, Problems, validate
from gridctl_trainer.contract.spec import DataSpec, TrainingSpec
from gridctl_trainer.contract.suggest import did_you_mean

_CHANGEABLE = ("data", "models", "training")


@dataclass(frozen=True, slots=True)
class Variant:
    """The experiment under one ablation.

    Attributes:
        models: Each by its name.
    """

    ablation: str
    data: DataSpec
    models: Mapping[str, Model]


def variants(tree: dict[str, Any], problems: Problems, trained: TrainedNetworks | None = None) -> Iterator[Variant]:
    """Validate the experiment as it is and under each of its ablations.

    Args:
        tree: The experiment file's content, models as a mapping, ablations written out.
        problems: Receives every mistake; those that an ablation causes are reported at the ablation.
        trained: What runs were trained with, for models that cannot be imported here.
    """
    base = _variant("", tree, problems.add, trained)
    ablations = tree["ablations"] if isinstance(tree["ablations"], list) else []
    for index, item in enumerate(ablations):
        try:
            ablation = Ablation.model_validate(item)
        except ValidationError:
            continue  # reported by the validation of the whole file
        if base is None or not base.models:
            continue  # the same mistakes would be reported for every ablation
        changed = _changed(ablation, tree, ("ablations", index), problems)
        variant = changed and _variant(ablation.name, changed, _blaming(("ablations", index), problems), trained)
        if variant:
            yield variant


def _blaming(at: Location, problems: Problems) -> AddProblem:
    def report(location: Location, what: str, fix: str = "") -> None:
        problems.add(at, f"makes {field_path(location)} invalid: {what}", fix)

    return report


def _changed(ablation: Ablation, tree: dict[str, Any], at: Location, problems: Problems) -> dict[str, Any] | None:
    changed = copy.deepcopy(tree)
    sound = True
    for index, step in enumerate(ablation.without):
        try:
            leave_out(changed, step)
        except InputError as error:
            problems.add((*at, "without", index), error.problems[0].what, error.problems[0].fix)
            sound = False
    for path, value in ablation.set.items():
        location = tuple(path.split("."))
        place = (*at, "set", path)
        try:
            if location[0] not in _CHANGEABLE or len(location) < 2:
                raise InputError("an ablation cannot change this", fix="it can change data., models. and training.")
            if location[0] == "models" and location[1] not in tree["models"]:
                raise InputError(
                    f"there is no model '{location[1]}' here", fix=did_you_mean(location[1], list(tree["models"]))
                )
            set_path(changed, location, value, where="")
        except InputError as error:
            problems.add(place, error.problems[0].what, error.problems[0].fix)
            sound = False
    return changed if sound else None


def _variant(name: str, tree: dict[str, Any], report: AddProblem, trained: TrainedNetworks | None) -> Variant | None:
    mistakes = 0

    def noted(location: Location, what: str, fix: str = "") -> None:
        nonlocal mistakes
        mistakes += 1
        report(location, what, fix)

    tree = with_steps(tree, noted, from_elsewhere=trained is not None)
    data = validate(DataSpec, tree["data"], ("data",), report) if isinstance(tree.get("data"), dict) else None
    given = tree["models"] if isinstance(tree.get("models"), dict) else {}
    training = tree["training"] if isinstance(tree.get("training"), dict) else {}
    base = validate(TrainingSpec, training, ("training",), report)
    models = {}
    for model, options in given.items():
        built = read_model(model, options, training, report, trained)
        if built is not None:
            models[model] = built
    sound = not mistakes and data is not None and base is not None and len(models) == len(given)
    return Variant(name, data, models) if data is not None and sound else None
