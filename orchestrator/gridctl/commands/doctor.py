"""`gridctl doctor`: checks everything that runs need before a grid of them fails one by one."""

from __future__ import annotations

from collections.abc import Iterator

from gridctl.executors.capabilities import Diagnoses
from gridctl.executors.check import Check, guarded
from gridctl.executors.data_places import data_checks
from gridctl.executors.registry import executor_class, require_options
from gridctl.experiment import Experiment
from gridctl_trainer.storage.base import open_store
from gridctl_trainer.storage.probe import probe


def diagnose(experiment: Experiment, *, with_preflight: bool = True) -> Iterator[Check]:
    """Check everything that an experiment's runs need, in the order in which they need it.

    Nothing is left behind but data prepared in the cache: the store gets one object, which is deleted again.

    Args:
        experiment: The experiment.
        with_preflight: Whether the trainer checks device, data and models, if the runs train on this machine.
    """
    require_options(experiment)
    executor = executor_class(experiment.backend, experiment)
    if isinstance(executor, Diagnoses):
        yield from executor.diagnose(experiment, with_preflight=with_preflight)
    else:
        yield from data_checks(experiment)
    yield guarded("store", lambda: _store(experiment))


def _store(experiment: Experiment) -> Check:
    store = open_store(experiment.store)
    notice = probe(store, experiment.name)
    said = f"{store.url} can be written, listed, read and deleted from here"
    return Check("store", "ok", f"{said}; {notice}" if notice else said)
