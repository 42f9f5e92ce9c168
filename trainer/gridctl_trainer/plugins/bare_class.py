"""Options of a class that is named by its path and has no descriptor: the keywords of its constructor."""

from __future__ import annotations

import inspect
import typing
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, create_model

from gridctl_trainer.plugins.entry_points import PluginError

M = TypeVar("M", bound=BaseModel)

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def options_of_class(
    found: Callable[..., Any], path: str, base: type[M], given: Sequence[str] = ()
) -> tuple[type[M], Callable[..., Any]]:
    """Derive the options of a class from its constructor.

    An integer class attribute that has the name of a property of `base`, such as `size_multiple`, overrides it.

    Args:
        found: A class, or a function that returns an object.
        path: Its path, `pkg.module:Name`.
        base: The class that the options are derived from.
        given: Names of the keywords that gridctl itself passes.

    Returns:
        The class of the options, and the builder. The builder is called with the options and, by keyword, with the
        values of `given`; it drops those that the constructor does not accept. An option that the user did not set is
        not passed, so the constructor's default applies.

    Raises:
        PluginError: The signature cannot be read, or a required parameter is positional only.
    """
    try:
        parameters = list(inspect.signature(found).parameters.values())
    except (TypeError, ValueError) as error:
        raise PluginError(
            f"the parameters of '{path}' cannot be read: {error}", where=path, fix="give it a plain constructor"
        ) from None
    hints = _hints(found)
    fields: dict[str, Any] = {}
    for parameter in parameters:
        required = parameter.default is inspect.Parameter.empty
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY and required:
            raise PluginError(
                f"'{path}' cannot be called by keywords: '{parameter.name}' is positional only",
                where=path,
                fix="make it a keyword",
            )
        if parameter.kind in _NAMED and parameter.name not in given:
            fields[parameter.name] = (hints.get(parameter.name, Any), ... if required else parameter.default)
    takes_all = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
    taken = [name for name in given if takes_all or any(parameter.name == name for parameter in parameters)]

    def build(options: BaseModel, **keywords: Any) -> Any:
        own = {name: getattr(options, name) for name in options.model_fields_set}
        return found(**own, **{name: value for name, value in keywords.items() if name in taken})

    return _model(found, path, base, fields, takes_all=takes_all), build


def _hints(found: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(found.__init__ if isinstance(found, type) else found)  # type: ignore[misc]
    except Exception:  # annotations are foreign code; without them, the types of options are not checked
        return {}


def _model(found: object, path: str, base: type[M], fields: Mapping[str, Any], *, takes_all: bool) -> type[M]:
    config = ConfigDict(
        extra="allow" if takes_all else "forbid",
        validate_default=False,
        arbitrary_types_allowed=True,
        protected_namespaces=(),
    )
    facts = {
        name: _constant(value)
        for name in dir(base)
        if isinstance(getattr(base, name, None), property) and isinstance(value := getattr(found, name, None), int)
    }
    configured = type(base.__name__, (base,), {**facts, "model_config": config, "__module__": __name__})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an option may have the name of a pydantic method
        try:
            return cast("type[M]", create_model(path, __base__=configured, **fields))
        except Exception:  # pydantic does not know the type of an annotation
            untyped: dict[str, Any] = {name: (Any, default) for name, (_, default) in fields.items()}
            return cast("type[M]", create_model(path, __base__=configured, **untyped))


def _constant(value: int) -> property:
    return property(lambda _self: value)
