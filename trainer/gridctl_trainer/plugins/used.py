"""The plugins that a run uses, and where their code comes from on this machine."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Any

from gridctl_trainer.contract.records.plugin_provenance import PluginProvenance
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.plugins.dataset import DATASETS
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.metric import METRICS
from gridctl_trainer.plugins.model import MODELS
from gridctl_trainer.plugins.provenance import source_digest
from gridctl_trainer.plugins.registry import Registry
from gridctl_trainer.plugins.step import STEPS


def used_by(spec: RunSpec) -> tuple[tuple[Registry[Any], str], ...]:
    """The registry and name of every plugin that a run uses, each once."""
    used: list[tuple[Registry[Any], str]] = [(MODELS, spec.network.architecture)]
    used += [(DATASETS, given.dataset) for _, given in spec.data.places]
    used += [(METRICS, name) for name in spec.metrics]
    used += [(STEPS, step.step) for step in spec.data.preprocessing]
    return tuple(dict.fromkeys(used))


def plugins_of(spec: RunSpec) -> tuple[PluginProvenance, ...]:
    """Distribution, version and source digest of every plugin of a run, as installed here. None of them is imported.

    Plugins that are not installed here are skipped.
    """
    digest_of = cache(source_digest)  # most plugins come from one package, whose files are then read only once
    found = []
    for registry, name in used_by(spec):
        with contextlib.suppress(PluginError):
            found.append(registry.provenance(name, spec.plugin_path, digest_of))
    return tuple(found)
