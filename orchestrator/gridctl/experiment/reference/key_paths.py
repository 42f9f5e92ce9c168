"""The dotted paths of all keys of an experiment file, as `--set` takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from gridctl.experiment.schema import ExperimentFile
from gridctl_trainer.contract.fields.few_values import few_values
from gridctl_trainer.contract.spec import TrainingSpec
from gridctl_trainer.plugins.model import installed_options
from gridctl_trainer.plugins.step import STEPS

_STEPS = "data.preprocessing."


def key_paths(models: Sequence[str] = ()) -> Iterator[str]:
    """Every key that holds a value: `training.epochs`, `models.unet.batch_size`.

    Args:
        models: Names of the experiment's models; by default those of all architectures.
    """
    known = installed_options()
    for name in models or known:
        for options in (known.get(name), TrainingSpec):
            yield from (f"models.{name}.{key}" for key in (options.model_fields if options else ()))
    yield from _paths(ExperimentFile, "")
    yield from (f"{_STEPS}{name}" for name in STEPS.names())


def key_values(path: str) -> list[str]:
    """Values of a key that takes one of a few: `auto`, `cpu`, `cuda` for `training.device`; none for other keys.

    Args:
        path: Path of the key, as `--set` takes it.
    """
    from gridctl.experiment.executor_names import installed_executors
    from gridctl.experiment.override import annotations_at, split_path

    if path.startswith(_STEPS):
        return ["true", "false"]
    if path == "backend":
        return list(installed_executors())
    found = [value for annotation in annotations_at(split_path(path)) for value in few_values(annotation)]
    return list(dict.fromkeys(found))


def _paths(model: type[BaseModel], before: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        section = _section(field.annotation)
        if section:
            yield from _paths(section, f"{before}{name}.")
        elif before or name != "models":
            yield f"{before}{name}"


def _section(annotation: Any) -> type[BaseModel] | None:
    """The model of a section, optional or not; None for a value or a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, list, dict) or hasattr(get_origin(annotation), "keys"):
        return None
    return next((found for found in map(_section, get_args(annotation)) if found), None)
