"""Which plugins a run uses, and whose code each of them is here."""

from __future__ import annotations

import contextlib

from gridctl_trainer.contract.records.plugin_provenance import PluginProvenance
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.plugins.dataset import DATASETS
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.metric import METRICS
from gridctl_trainer.plugins.model import MODELS
from gridctl_trainer.plugins.step import STEPS


def plugins_of(spec: RunSpec) -> tuple[PluginProvenance, ...]:
    """Distribution, version and source of every plugin of a run, as they are installed here; imports none of them.

    One that is not to be found here is passed over.
    """
    found = []
    with contextlib.suppress(PluginError):
        found.append(MODELS.provenance(spec.network.architecture, spec.plugin_path))
    for name in dict.fromkeys(given.dataset for _, given in spec.data.places):
        with contextlib.suppress(PluginError):
            found.append(DATASETS.provenance(name, spec.plugin_path))
    for name in spec.metrics:
        with contextlib.suppress(PluginError):
            found.append(METRICS.provenance(name, spec.plugin_path))
    for step in spec.data.preprocessing:
        with contextlib.suppress(PluginError):
            found.append(STEPS.provenance(step.step, spec.plugin_path))
    return tuple(found)
