"""Reads a stored specification, whichever version wrote it."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError

from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.json_text import read_json
from gridctl_trainer.contract.spec import MAX_SPEC_BYTES, RunSpec, validation_problems

_FIRST: Final = 1


def read_specification(text: bytes | str, where: object = "") -> RunSpec:
    """Read a specification to report on its run. A trainer accepts only its own version: see `RunSpec.from_json`.

    Args:
        text: JSON.
        where: File or key to name in errors.

    Raises:
        SpecError: The text is not JSON, has a version that was never released, or is invalid; lists every mistake.
    """
    try:
        content = read_json(text, MAX_SPEC_BYTES)
    except ValueError as error:
        raise SpecError(f"not JSON: {error}", where=where, fix="submit the experiment again") from None
    if not isinstance(content, dict) or content.get("schema_version") != _FIRST:
        return RunSpec.from_json(text, where)
    from gridctl_trainer.contract.released.conversion import converted
    from gridctl_trainer.contract.released.spec_v1 import RunSpecV1

    try:
        return converted(RunSpecV1.model_validate(content))
    except ValidationError as error:
        raise SpecError(validation_problems(error, where=where)) from None
