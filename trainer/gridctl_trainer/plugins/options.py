"""Reads the options of a plugin of any kind from a specification, and writes them into one."""

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
        name: Name of the plugin.
        model: The class of its options.
        given: The options as the specification has them.
        where: Prefix of each option's name in messages, such as `options.`.

    Raises:
        SpecError: Options are unknown or not valid; it lists all of them.
    """
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        raise SpecError(option_problems(name, model, error, where)) from None


def option_problems(name: str, model: type[BaseModel], error: ValidationError, where: str = "") -> list[Problem]:
    """Every problem with the options of a plugin.

    Args:
        name: Name of the plugin.
        model: The class of its options.
        error: What pydantic found.
        where: Prefix of each option's name, such as `models.mine.`.
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
    """The options that differ from their default, as JSON values."""
    written = options.model_dump(mode="json")
    return {
        key: written[key]
        for key, field in type(options).model_fields.items()
        if field.is_required() or getattr(options, key) != field.get_default(call_default_factory=True)
    }
