"""`--set option=value` of `describe`: a network by name, changed as an experiment file would change it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.json_text import read_json
from gridctl_trainer.contract.spec import NetworkSpec
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.model import network_of, options_class
from gridctl_trainer.plugins.options import option_problems
from gridctl_trainer.plugins.registry import UnknownPluginError

_MAX_BYTES = 1 << 16


def described_network(model: str, assignments: Sequence[str]) -> NetworkSpec:
    """A network specification.

    Args:
        model: Its short name, or `pkg.module:Name`.
        assignments: `option=value`; values are JSON, or text.

    Raises:
        SpecError: An option is unknown, or a value is not allowed: all of them.
        PluginError: The model is unknown, or cannot be imported.
    """
    try:
        known = options_class(model)
    except UnknownPluginError as error:
        raise UnknownPluginError(error.problems[0].what, where="MODEL", fix=error.problems[0].fix) from None
    options: dict[str, object] = {}
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        if not separator:
            raise SpecError(f"not an assignment: {assignment!r}", where="--set", fix="write --set option=value")
        try:
            options[name] = read_json(text, _MAX_BYTES)
        except ValueError:
            options[name] = text
    try:
        read = known.model_validate(options)
    except ValidationError as error:
        raise SpecError(option_problems(model, known, error, "--set ")) from None
    if is_class_path(model):
        return NetworkSpec.model_validate({"architecture": model, "options": options})
    return network_of(model, read)
