"""The registry of one kind of plugin, which finds plugins by short name, from entry points, or by path."""

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
"""Distribution of the built-in plugins, which are listed first."""
_ITS_PACKAGE = "its package"
"""What messages call the distribution of a plugin that is named by its path."""


class UnknownPluginError(PluginError):
    """No plugin has this name; the first problem suggests similar names."""


@dataclass(frozen=True, slots=True)
class Registry(Generic[D]):
    """All plugins of one kind. A lookup imports only the descriptor, which is light.

    Attributes:
        group: The group of their entry points, such as `gridctl.models`.
        kind: What messages and records call one of them, such as `model`.
        descriptor: The class that each entry point names an instance of.
        bare: Makes a descriptor from something else that is named by its path, such as a class. It is called with the
            imported object and its path, and raises PluginError if the object does not fit. None if this kind needs a
            descriptor.
        by_path: How users name a plugin by its path, for messages; empty if messages do not mention it.
    """

    group: str
    kind: str
    descriptor: type[D]
    bare: Callable[[object, str], D] | None = None
    by_path: str = ""

    def names(self) -> list[str]:
        """The short names of all installed plugins, gridctl's own first. Imports nothing."""
        found = registered(self.group, self.kind)
        return sorted(found, key=lambda name: (not _is_own(found[name][0]), name))

    def find(self, name: str) -> D:
        """The descriptor of a plugin.

        Args:
            name: A short name, or `pkg.module:Name`.

        Raises:
            UnknownPluginError: No package registers that name.
            PluginError: Several packages register it, the import fails, or it is not a plugin of this kind.
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
        """The path that a short name stands for, `pkg.module:Name`; the name itself if it is not known."""
        entries = () if is_class_path(name) else registered(self.group, self.kind).get(name, ())
        return entries[0].value if entries else name

    def load(self, name: str, value: object) -> object:
        """Another object that belongs to a plugin, such as its builder.

        Args:
            name: Name of the plugin.
            value: The object's `pkg.module:Name`, which is imported, or the object itself.

        Raises:
            UnknownPluginError: No package registers that name.
            PluginError: Several packages register it, or the import fails.
        """
        if not isinstance(value, str):
            return value
        entry = Registered(self.kind, name, name, _ITS_PACKAGE) if is_class_path(name) else self._entry(name)
        return entry.load(value)

    def options(self, name: str, given: type[Options] | str, base: type[Options]) -> type[Options]:
        """The class of a plugin's options.

        Args:
            name: Name of the plugin.
            given: The class, or its `pkg.module:Name`, from the descriptor.
            base: The class that it must be derived from.

        Raises:
            UnknownPluginError: No package registers that name.
            PluginError: The class cannot be imported, or is not derived from `base`.
        """
        found = self.load(name, given)
        if isinstance(found, type) and issubclass(found, base):
            return found
        raise PluginError(
            f"the options of the {self.kind} '{name}' are not a class derived from {base.__name__}",
            where=given if isinstance(given, str) else self.where(name),
            fix=f"derive them from {base.__module__}.{base.__name__}",
        )

    def provenance(
        self, name: str, plugin_path: Sequence[str] = (), digest_of: SourceDigest = source_digest
    ) -> PluginProvenance:
        """Where a plugin's code comes from. The plugin is not imported.

        Args:
            name: A short name, or `pkg.module:Name`.
            plugin_path: Folders to search for the latter, besides Python's import path.
            digest_of: Digests the source of a top-level package.

        Raises:
            UnknownPluginError: No package registers that name.
            PluginError: Several packages register it.
        """
        if is_class_path(name):
            return provenance_of(self.kind, name, name.partition(":")[0], "", "", plugin_path, digest_of)
        entry = self._entry(name)
        distribution, _, version = entry.distribution.rpartition(" ")
        return provenance_of(self.kind, name, entry.value.partition(":")[0], distribution, version, (), digest_of)

    def is_built_in(self, name: str) -> bool:
        """Whether gridctl itself, and no other package, registers this name."""
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
        """What is wrong with a name that no package registers, and what to do about it."""
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
                f"'{shortened(path, 80)}' is not the path of a {self.kind}", fix="write it as pkg.module:Name"
            )
        found = Registered(self.kind, path, path, _ITS_PACKAGE).load()
        if isinstance(found, self.descriptor):
            return found
        if self.bare is None:
            raise PluginError(
                f"'{path}' is not a {self.kind}", where=path, fix=f"name {_a(self.descriptor.__name__)} by its path"
            )
        return self.bare(found, path)


def _is_own(entry: Registered) -> bool:
    return re.fullmatch(rf"{_OWN} \S+", entry.distribution) is not None


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"
