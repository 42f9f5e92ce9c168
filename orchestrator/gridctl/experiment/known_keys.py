"""Where a key belongs that was written at the wrong level or abbreviated."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from gridctl_trainer.contract.spec.choice import Choice
from gridctl_trainer.contract.suggest import did_you_mean, folded
from gridctl_trainer.plugins.step import STEPS

_RENAMED: Final[Mapping[str, str]] = {"generalisation_batch_size": "external_batch_size"}
"""Keys of former versions."""

_SURE: Final = 0.85
_NEAR: Final = 0.75
"""How similar a key of another level must be, from 0 to 1; an abbreviation comes after the first of these."""


def what_was_meant(key: str, known: Collection[str]) -> str:
    """A suggestion for an unknown key.

    Args:
        key: As written.
        known: The keys of its own level.

    Returns:
        The level that it belongs to, or the most similar key of any level, or the keys of its own level.
    """
    key = _RENAMED.get(key, key)
    same = [name for name in known if folded(name) == folded(key)]
    paths = _paths()
    if not same and key in paths:
        first, *others = paths[key]
        level = first.rpartition(".")[0]
        return f"it belongs under {level}: {first}" if level and not others else f"did you mean {_either(paths[key])}?"
    near = did_you_mean(key, known)
    if near.startswith("did you mean"):
        return near
    by_folded = {folded(name): name for name in paths}
    for cutoff in (_SURE, _NEAR):
        for found in difflib.get_close_matches(folded(key), by_folded, n=1, cutoff=cutoff):
            return f"did you mean {_either(paths[by_folded[found]])}?"
        for name in _abbreviated(key, [*known, *paths]):
            return f"did you mean {_either([name] if name in known else paths[name])}?"
    return near


def _either(paths: Collection[str]) -> str:
    return " or ".join(f"'{path}'" for path in paths)


def _abbreviated(key: str, names: Collection[str]) -> Iterator[str]:
    """Names of several words that this is the initials of, such as `lr`, or the beginning, such as `size`."""
    written = key.lower()
    for name in names:
        initials = "".join(word[0] for word in name.split("_"))
        if len(initials) > 1 and written == initials:
            yield name
    for name in names:
        if len(written) > 2 and name.startswith(f"{written}_"):
            yield name


@cache
def _paths() -> dict[str, list[str]]:
    """Every key of an experiment file below the first level, by its name."""
    from gridctl.experiment.schema import ExperimentFile
    from gridctl_trainer.plugins.model import installed_options

    found: dict[str, list[str]] = {}
    for path in _below(ExperimentFile, ""):
        found.setdefault(path.rpartition(".")[2], []).append(path)
    for architecture, network in installed_options().items():
        for name in network.model_fields.keys() - {"preset"}:
            found.setdefault(name, []).append(f"models.{architecture}.{name}")
    for step in STEPS.names():
        found.setdefault(step, []).append(f"data.preprocessing.{step}")
    return {name: sorted(paths) for name, paths in found.items()}


def _below(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if prefix and not (issubclass(model, Choice) and name == "name"):
            yield f"{prefix}{name}"
        inner = section_of(field.annotation)
        if inner is not None and name not in ("ablations", "preprocessing"):
            yield from _below(inner, f"{prefix}{name}.")


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The model of a field that is one section, or a list of such; None for any other field."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated or origin is tuple:
        return section_of(arguments[0])
    if origin in (Union, UnionType):
        return next(filter(None, map(section_of, arguments)), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
