"""Which code a plugin ran, as an attempt records it."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from gridctl_trainer.contract.frozen import Frozen

OWN_DISTRIBUTION: Final = "gridctl"


class PluginProvenance(Frozen):
    """What an attempt records about each plugin that it used.

    Attributes:
        kind: Kind of the plugin, such as `model`.
        name: Its name in the specification: a short name, or `pkg.module:Name`.
        distribution: The package that provides it; empty for a plugin in a folder of `plugin_path`.
        version: Version of that package; empty if there is none.
        source_digest: SHA-256, 64 hex digits, over the names and contents of the Python files of its top-level package;
            empty if there are none to read.
    """

    kind: str
    name: str
    distribution: str = ""
    version: str = ""
    source_digest: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""

    @property
    def is_own(self) -> bool:
        """Whether it is part of gridctl, whose code an attempt already records by commit and version."""
        return self.distribution == OWN_DISTRIBUTION

    @property
    def plugin(self) -> tuple[str, str]:
        """What identifies the plugin: its kind and name."""
        return self.kind, self.name

    @property
    def code(self) -> tuple[str, str, str]:
        """What identifies the version of its code."""
        return self.distribution, self.version, self.source_digest
