"""Whose code a run uses: every plugin that its specification names."""

from __future__ import annotations

import contextlib

from gridctl_trainer.contract.records.plugin_provenance import PluginProvenance
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.model import MODELS


def plugins_of(spec: RunSpec) -> tuple[PluginProvenance, ...]:
    """The distribution, version and source of each; one that is not to be found here is passed over."""
    found = []
    with contextlib.suppress(PluginError):
        found.append(MODELS.provenance(spec.network.architecture))
    return tuple(found)
