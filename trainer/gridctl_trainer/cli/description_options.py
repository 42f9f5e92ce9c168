"""`--set option=value` of `describe`: a network by name, changed as an experiment file would change it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from gridctl_trainer.contract.errors import Problem, SpecError
from gridctl_trainer.contract.json_text import read_json
from gridctl_trainer.contract.network import NETWORKS, NetworkSpec
from gridctl_trainer.contract.wording import problem_text

_MAX_BYTES = 1 << 16
_NETWORK: TypeAdapter[NetworkSpec] = TypeAdapter(NetworkSpec)


def network_of(model: str, assignments: Sequence[str]) -> NetworkSpec:
    """A network specification.

    Args:
        model: `unet` or `gamma_net`.
        assignments: `option=value`; values are JSON, or text.

    Raises:
        SpecError: The model or an option is unknown, or a value is not allowed: all of them.
    """
    if model not in NETWORKS:
        raise SpecError(f"unknown model '{model}'", where="MODEL", fix=f"use one of {', '.join(NETWORKS)}")
    options: dict[str, object] = {"architecture": model}
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        if not separator:
            raise SpecError(f"not an assignment: {assignment!r}", where="--set", fix="write --set option=value")
        try:
            options[name] = read_json(text, _MAX_BYTES)
        except ValueError:
            options[name] = text
    try:
        return _NETWORK.validate_python(options)
    except ValidationError as error:
        known = ", ".join(name for name in NETWORKS[model].model_fields if name != "architecture")
        raise SpecError(
            Problem(
                "unknown option" if item["type"] == "extra_forbidden" else problem_text(item),
                f"--set {'.'.join(str(part) for part in item['loc'][1:])}",
                f"options of {model}: {known}",
            )
            for item in error.errors()
        ) from None
