"""Options of a plugin, of whatever kind: read from a specification, and written into one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from gridctl_trainer.contract.errors import Problem, SpecError
from gridctl_trainer.contract.wording import problem_text

Options = TypeVar("Options", bound=BaseModel)


def read_options(name: str, model: type[Options], given: Mapping[str, Any], where: str = "") -> Options:
    """A plugin's options, read from a specification.

    Args:
        name: Of the plugin.
        model: Its options.
        given: As the specification has them.
        where: What stands in front of each option in messages, such as `options.`.

    Raises:
        SpecError: An option is unknown or not valid: all of them.
    """
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        raise SpecError(option_problems(name, model, error, where)) from None


def option_problems(name: str, model: type[BaseModel], error: ValidationError, where: str = "") -> list[Problem]:
    """Every problem with the options of a plugin.

    Args:
        name: Of the plugin.
        model: Its options.
        error: What was found.
        where: What stands in front of each option, such as `models.mine.`.
    """
    known = f"options of {name}: {', '.join(model.model_fields) or 'none'}"
    return [
        Problem(
            "unknown option" if item["type"] == "extra_forbidden" else problem_text(item),
            where + ".".join(map(str, item["loc"])),
            known,
        )
        for item in error.errors()
    ]


def differing_options(options: BaseModel) -> dict[str, Any]:
    """Those that differ from their default, as JSON."""
    written = options.model_dump(mode="json")
    return {
        key: written[key]
        for key, field in type(options).model_fields.items()
        if field.is_required() or getattr(options, key) != field.get_default(call_default_factory=True)
    }
