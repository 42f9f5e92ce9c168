"""Where a plugin's code comes from, as an attempt records it."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from gridctl_trainer.contract.frozen import Frozen

OWN_DISTRIBUTION: Final = "gridctl"


class PluginProvenance(Frozen):
    """What an attempt records of each plugin that it used.

    Attributes:
        kind: Such as `model`.
        name: As the specification gives it: a short name, or `pkg.module:Name`.
        distribution: The package that brings it; empty for a folder of `plugin_path`.
        version: Of that package; empty with it.
        source_digest: SHA-256, 64 hex digits, over names and content of the Python files of its top-level
            package; empty if there are none to read.
    """

    kind: str
    name: str
    distribution: str = ""
    version: str = ""
    source_digest: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""

    @property
    def is_own(self) -> bool:
        """Whether it comes with gridctl, whose code an attempt records as its commit and version."""
        return self.distribution == OWN_DISTRIBUTION

    @property
    def plugin(self) -> tuple[str, str]:
        """Which plugin it is: kind and name."""
        return self.kind, self.name

    @property
    def code(self) -> tuple[str, str, str]:
        """By what two codes of it are told apart."""
        return self.distribution, self.version, self.source_digest
