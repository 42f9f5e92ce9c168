"""Finds the plugins that installed packages register as entry points, without importing any of them."""

from __future__ import annotations

import importlib
import os
import re
import site
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Final

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import Fault, shortened

_GROUPS: Final = "gridctl."
"""Prefix of the names of all groups."""


class PluginError(Fault):
    """A plugin cannot be imported, is registered twice, or is not what it should be."""

    exit_code = exit_codes.BAD_SPEC


@dataclass(frozen=True, slots=True)
class Registered:
    """One entry point.

    Attributes:
        kind: What messages call it, such as `executor`.
        name: The name that users write.
        value: The object that it names: `pkg.module:Name`.
        distribution: The package that registers it, followed by its version.
    """

    kind: str
    name: str
    value: str
    distribution: str

    def load(self, value: str = "") -> object:
        """Import the object that it names.

        Args:
            value: Another object of the same package to import instead, as `pkg.module:Name`.

        Raises:
            PluginError: The import fails, for whatever reason.
        """
        wanted = value or self.value
        module, _, attribute = wanted.partition(":")
        try:
            found: object = importlib.import_module(module.strip())
            for part in attribute.strip().split("."):
                found = getattr(found, part)
        except (Exception, SystemExit) as error:
            said = shortened(str(error).partition("\n")[0])
            raise PluginError(
                f"the {self.kind} '{self.name}' of {self.distribution} cannot be imported: "
                f"{type(error).__name__}{f': {said}' if said else ''}",
                where=wanted,
                fix=f"install what it lacks, or report it to the authors of {self.distribution}",
            ) from error
        return found


def registered(group: str, kind: str) -> Mapping[str, Sequence[Registered]]:
    """Every entry point that installed packages register in a group.

    Args:
        group: Name of the group, such as `gridctl.executors`.
        kind: What messages call a plugin of this group.

    Returns:
        The entry points by name. Several under one name are a mistake, which `only_one` reports.
    """
    found: dict[str, list[Registered]] = {}
    for name, value, distribution in _entry_points(_where_packages_lie()).get(group, ()):
        found.setdefault(name, []).append(Registered(kind, name, value, distribution))
    return found


def only_one(entries: Sequence[Registered]) -> Registered:
    """The only entry point with a name.

    Raises:
        PluginError: Several packages register the name.
    """
    first, *others = entries
    if others:
        by = " and ".join(entry.distribution for entry in entries)
        raise PluginError(
            f"the {first.kind} '{first.name}' is registered twice: by {by}", fix="uninstall one of these packages"
        )
    return first


def _where_packages_lie() -> Sequence[str]:
    """The folders of `sys.path` except the current folder: what merely lies there is not installed."""
    try:
        here = os.getcwd()  # noqa: PTH109 - it is only compared
    except OSError:  # the folder was deleted
        here = ""
    return _without(here, tuple(sys.path))


@lru_cache
def _without(here: str, folders: Sequence[str]) -> Sequence[str]:
    """The folders other than `here`. Cached, since links are resolved and plugins are looked up often."""
    installed = {os.path.realpath(folder) for folder in (*site.getsitepackages(), site.getusersitepackages())}
    here = os.path.realpath(here) if here else ""
    return tuple(
        folder
        for folder in folders
        if Path(folder).is_absolute() and (os.path.realpath(folder) != here or here in installed)
    )


@lru_cache
def _entry_points(folders: Sequence[str]) -> Mapping[str, Sequence[tuple[str, str, str]]]:
    """Name, value and package of each entry point, by group.

    If a package lies in two folders, the one that Python imports counts.
    """
    found: dict[str, list[tuple[str, str, str]]] = {}
    seen = set[str]()
    for distribution in metadata.distributions(path=list(folders)):
        if _GROUPS not in (distribution.read_text("entry_points.txt") or ""):
            continue  # parsing the metadata of every package would be the slowest part
        name = str(distribution.metadata["Name"])
        normalised = re.sub(r"[-_.]+", "-", name).lower()
        if normalised in seen:
            continue
        seen.add(normalised)
        named = f"{name} {distribution.version}"  # once: each look parses all that a package says of itself
        for entry in distribution.entry_points:
            found.setdefault(entry.group, []).append((entry.name, entry.value, named))
    return found
