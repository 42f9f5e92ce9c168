"""How the VALUE of `--set PATH=VALUE` is read: by the type of the field that it sets."""

from __future__ import annotations

import re
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from ruamel.yaml import YAML, tokens
from ruamel.yaml.error import YAMLError

from gridctl.errors import InputError
from gridctl.experiment.yaml_text.bounded_yaml import NotYamlError, load_yaml
from gridctl.experiment.yaml_text.plain_values import require_text_keys

Location = tuple[int | str, ...]

_NO_LINKS: Final = (
    tokens.AnchorToken,
    tokens.AliasToken,
    tokens.TagToken,
    tokens.DocumentStartToken,
    tokens.DirectiveToken,
)


def split_path(path: str) -> tuple[str, ...]:
    r"""The keys of a dotted path; `\\.` is a dot inside a key."""
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", path))


def override_value(location: tuple[str, ...], text: str, where: str) -> Any:
    """The value of the text in `PATH=TEXT`.

    A field that holds text takes it literally, `#`, `:` and `null` included; only quotes around all of it
    are removed, and `null` unsets an optional one (not `store`, which is read as `--store` is). Any other
    field takes YAML: numbers, true and false, [lists], {mappings}.

    Args:
        location: Keys that lead to the field.
        text: The text after `=`.
        where: Its name in errors.

    Raises:
        InputError: A comment would cut off a part of it, or it uses anchors, aliases or tags.
    """
    annotations = list(annotations_at(location))
    is_list = location == ("compare", "against") and text.startswith("[")  # several opponents
    if not is_list and annotations and all(_is_text(annotation) for annotation in annotations):
        if text == "null" and location != ("store",) and all(_is_optional(item) for item in annotations):
            return None
        if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
            return text[1:-1]
        return text
    if not text:
        return ""
    try:
        value = load_yaml(text, where, one_line=True)
    except NotYamlError:
        _refuse_comments_and_links(text, where)
        if text[0] in "[{":
            raise
        return text  # the field's own message helps more
    _refuse_comments_and_links(text, where)
    require_text_keys(value, where, one_line=True)
    return value


def _refuse_comments_and_links(text: str, where: str) -> None:
    inside: set[int] = set()
    try:
        for token in YAML(typ="rt").scan(text):
            if isinstance(token, _NO_LINKS):
                raise InputError(
                    "YAML anchors, aliases, tags and documents do not work here",
                    where=where,
                    fix="put the text in double quotes inside the value",
                )
            if isinstance(token, tokens.ScalarToken):
                inside.update(range(token.start_mark.index, token.end_mark.index))
    except YAMLError:
        return
    if any(sign == "#" and index not in inside for index, sign in enumerate(text)):
        raise InputError(
            "what follows '#' would be a comment of YAML and be lost",
            where=where,
            fix="leave it out, or put it in quotes",
        )


def annotations_at(location: tuple[str, ...]) -> list[Any]:
    """Types of the field at a path, by the keys that lead there; none if there is no such field."""
    from gridctl.experiment.schema import ExperimentFile
    from gridctl_trainer.contract.spec import AugmentationSpec, TrainingSpec
    from gridctl_trainer.plugins.model import installed_options

    if location[0] == "models" and len(location) > 2:
        own, options = [TrainingSpec], [*installed_options().values()]
        models: list[type[BaseModel]]
        if location[2] == "architecture":
            return [str]
        if location[2] == "augmentation":
            models, key = [AugmentationSpec], location[3] if len(location) > 3 else ""
        elif location[2] in ("options", "training") and len(location) > 3:
            models, key = (options if location[2] == "options" else own), location[3]  # type: ignore[assignment]
        else:
            models, key = [*options, *own], location[2]
        return [model.model_fields[key].annotation for model in models if key in model.model_fields]
    found: list[Any] = [ExperimentFile]
    for key in location:
        found = [inner for annotation in found for inner in _inside(annotation, key)]
    return found


def _inside(annotation: Any, key: str) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(key)
        return [field.annotation] if field else []
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _inside(arguments[0], key)
    if origin in (Union, UnionType):
        return [inner for argument in arguments for inner in _inside(argument, key)]
    if origin is tuple:  # `compare` may be one mapping
        return _inside(arguments[0], key)
    if arguments and isinstance(origin, type) and hasattr(origin, "keys"):
        return [arguments[1]]
    return []


def _is_text(annotation: Any) -> bool:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_text(arguments[0])
    if origin in (Union, UnionType):
        return all(argument is type(None) or _is_text(argument) for argument in arguments)
    if origin is Literal:
        return all(isinstance(value, str) for value in arguments)
    return annotation is str


def _is_optional(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType) and type(None) in get_args(annotation)
