"""One registry for each kind of plugin: by short name from entry points, or by path."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.suggest import did_you_mean
from gridctl_trainer.plugins.class_path import is_class_path, is_well_formed
from gridctl_trainer.plugins.entry_points import PluginError, Registered, only_one, registered
from gridctl_trainer.plugins.provenance import PluginProvenance, SourceDigest, provenance_of, source_digest

D = TypeVar("D")
Options = TypeVar("Options")

_OWN = "gridctl"
"""Distribution of the built-in ones, which are named first."""
_ITS_PACKAGE = "its package"
"""Of a plugin that is named by its path."""


class UnknownPluginError(PluginError):
    """No plugin has this name; the first problem suggests similar names."""


@dataclass(frozen=True, slots=True)
class Registry(Generic[D]):
    """All plugins of a kind. Looking up imports the descriptor alone, which is light.

    Attributes:
        group: Of entry points, such as `gridctl.models`.
        kind: As messages and records call one of them, such as `model`.
        descriptor: The class that an entry point names an instance of.
        bare: Makes a descriptor of something named by path that is none, such as a class; None if this kind cannot.
            Called with what was imported and its path; raises PluginError where it does not fit.
        by_path: How one is named by its path, for messages; empty if that is not possible.
    """

    group: str
    kind: str
    descriptor: type[D]
    bare: Callable[[object, str], D] | None = None
    by_path: str = ""

    def names(self) -> list[str]:
        """Every short name that is installed, gridctl's own first; imports nothing."""
        found = registered(self.group, self.kind)
        return sorted(found, key=lambda name: (not _is_own(found[name][0]), name))

    def find(self, name: str) -> D:
        """A plugin.

        Args:
            name: A short name, or `pkg.module:Name`.

        Raises:
            UnknownPluginError: No package registers that name.
            PluginError: Several register it, importing it fails, or it is something else.
        """
        if is_class_path(name):
            return self._by_path(name)
        entry = self._entry(name)
        found = entry.load()
        if isinstance(found, self.descriptor):
            return found
        raise PluginError(
            f"the {self.kind} '{name}' of {entry.distribution} is registered as something else",
            where=entry.value,
            fix=f"its entry point has to name {_a(self.descriptor.__name__)}",
        )

    def where(self, name: str) -> str:
        """What its name stands for: `pkg.module:Name`; the name itself if that is not known."""
        entries = () if is_class_path(name) else registered(self.group, self.kind).get(name, ())
        return entries[0].value if entries else name

    def load(self, name: str, value: object) -> object:
        """Something else of the package that brings a plugin, imported if it is named.

        Args:
            name: Of the plugin.
            value: Its `pkg.module:Name`, or the thing itself.

        Raises:
            UnknownPluginError: No package registers that name.
            PluginError: Several register it, or importing it fails.
        """
        if not isinstance(value, str):
            return value
        entry = Registered(self.kind, name, name, _ITS_PACKAGE) if is_class_path(name) else self._entry(name)
        return entry.load(value)

    def options(self, name: str, given: type[Options] | str, base: type[Options]) -> type[Options]:
        """The class of a plugin's options.

        Args:
            name: Of the plugin.
            given: What its descriptor says of them: the class, or its `pkg.module:Name`.
            base: What it has to be derived from.

        Raises:
            UnknownPluginError: No package registers that name.
            PluginError: It cannot be imported, or is something else.
        """
        found = self.load(name, given)
        if isinstance(found, type) and issubclass(found, base):
            return found
        raise PluginError(
            f"the options of the {self.kind} '{name}' are something else than a class derived from {base.__name__}",
            where=given if isinstance(given, str) else self.where(name),
            fix=f"derive them from {base.__module__}.{base.__name__}",
        )

    def provenance(
        self, name: str, plugin_path: Sequence[str] = (), digest_of: SourceDigest = source_digest
    ) -> PluginProvenance:
        """Where a plugin's code comes from; the plugin is not imported.

        Args:
            name: A short name, or `pkg.module:Name`.
            plugin_path: Folders in which the latter may lie, beside those of Python.
            digest_of: Digests the source of a top-level package.

        Raises:
            UnknownPluginError: No package registers that name.
            PluginError: Several register it.
        """
        if is_class_path(name):
            return provenance_of(self.kind, name, name.partition(":")[0], "", "", plugin_path, digest_of)
        entry = self._entry(name)
        distribution, _, version = entry.distribution.rpartition(" ")
        return provenance_of(self.kind, name, entry.value.partition(":")[0], distribution, version, (), digest_of)

    def is_built_in(self, name: str) -> bool:
        """Whether it comes with gridctl."""
        found = registered(self.group, self.kind).get(name, ())
        return len(found) == 1 and _is_own(found[0])

    def _entry(self, name: str) -> Registered:
        found = registered(self.group, self.kind)
        if name in found:
            return only_one(found[name])
        if not found:
            raise PluginError(
                f"gridctl's own {self.kind}s are not registered: its package was installed before its code was changed",
                fix="install it again, in a checkout with `pip install -e .`",
            )
        what, fix = self.unknown(name)
        raise UnknownPluginError(what, fix=fix)

    def unknown(self, name: str) -> tuple[str, str]:
        """The error for a name that no package registers, with a hint."""
        known: Sequence[str] = self.names()
        meant = did_you_mean(name, known)
        if not meant.startswith("known:"):
            meant = f"{meant} (known: {', '.join(known)})"
        by_path = f"; one of your own is named by its path, {self.by_path}" if self.by_path else ""
        return (
            f"unknown {self.kind} '{shortened(name, 60)}'",
            f"{meant}; another one comes with a package that registers it: pip install PACKAGE, see docs/plugins.md"
            f"{by_path}",
        )

    def _by_path(self, path: str) -> D:
        if not is_well_formed(path):
            raise UnknownPluginError(
                f"'{shortened(path, 80)}' is no path of a {self.kind}", fix="write it as pkg.module:Name"
            )
        found = Registered(self.kind, path, path, _ITS_PACKAGE).load()
        if isinstance(found, self.descriptor):
            return found
        if self.bare is None:
            raise PluginError(
                f"'{path}' is no {self.kind}", where=path, fix=f"name {_a(self.descriptor.__name__)} by its path"
            )
        return self.bare(found, path)


def _is_own(entry: Registered) -> bool:
    return re.fullmatch(rf"{_OWN} \S+", entry.distribution) is not None


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"
