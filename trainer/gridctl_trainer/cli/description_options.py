"""Reads `--set option=value` of `describe`: a network by name, changed as an experiment file would change it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from gridctl_trainer.contract.errors import Problem, SpecError
from gridctl_trainer.contract.json_text import read_json
from gridctl_trainer.contract.spec import NetworkSpec, OptimizerSpec
from gridctl_trainer.contract.wording import problem_text
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.model import ModelOptions, network_of, options_class
from gridctl_trainer.plugins.options import option_problems
from gridctl_trainer.plugins.registry import UnknownPluginError

_MAX_BYTES = 1 << 16


def described_network(model: str, assignments: Sequence[str]) -> NetworkSpec:
    """Make the specification of a network.

    Args:
        model: Short name of the model, or its path `pkg.module:Name`.
        assignments: `option=value`; a value is JSON, or else text.

    Raises:
        SpecError: An option is unknown or a value is not allowed; the error lists all such faults.
        PluginError: The model is unknown or cannot be imported.
    """
    read = _options(model, assignments)
    if is_class_path(model):
        return NetworkSpec.model_validate({"architecture": model, "options": read.model_dump(exclude_unset=True)})
    return network_of(model, read)


def described_optimizer(model: str, assignments: Sequence[str], given: str | None) -> OptimizerSpec:
    """Choose the optimizer of a model: the one given, else that of the model's preset, else the default.

    Args:
        model: Short name of the model, or its path `pkg.module:Name`.
        assignments: As for `described_network`.
        given: A name, or a section as JSON; None if it was not given.

    Raises:
        SpecError: The optimizer or one of its options is unknown; the error lists all such faults.
        PluginError: The model is unknown or cannot be imported.
    """
    if given is None:
        return OptimizerSpec.model_validate(_options(model, assignments).recipe.training.get("optimizer", {}))
    try:
        return OptimizerSpec.model_validate(_value(given))
    except ValidationError as error:
        raise SpecError(
            Problem(problem_text(found), " ".join(["--optimizer", *map(str, found["loc"])]))
            for found in error.errors(include_url=False)
        ) from None


def _options(model: str, assignments: Sequence[str]) -> ModelOptions:
    try:
        known = options_class(model)
    except UnknownPluginError as error:
        raise UnknownPluginError(error.problems[0].what, where="MODEL", fix=error.problems[0].fix) from None
    options: dict[str, object] = {}
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        if not separator:
            raise SpecError(f"not an assignment: {assignment!r}", where="--set", fix="write --set option=value")
        options[name] = _value(text)
    try:
        return known.model_validate(options)
    except ValidationError as error:
        raise SpecError(option_problems(model, known, error, "--set ")) from None


def _value(text: str) -> object:
    try:
        return read_json(text, _MAX_BYTES)
    except ValueError:
        return text
