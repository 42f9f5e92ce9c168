"""The mistakes in a specification, with the path of each field."""

from __future__ import annotations

from pydantic import ValidationError

from gridctl_trainer.contract.errors import Problem
from gridctl_trainer.contract.wording import problem_text


def validation_problems(error: ValidationError, where: object = "") -> list[Problem]:
    """Every mistake that pydantic found, with the path of its field.

    Args:
        error: What pydantic found.
        where: File or key of the specification; empty for none.
    """
    return [Problem(problem_text(item), where=joined(where, item["loc"])) for item in error.errors()]


def joined(where: object, loc: tuple[int | str, ...]) -> str:
    """The file or key of a specification, followed by the path of a field in it."""
    path = ".".join(str(part) for part in loc)
    return f"{where}: {path}" if where and path else str(where) or path
