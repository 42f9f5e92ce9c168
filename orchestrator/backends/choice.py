"""The backend that an experiment names."""

from __future__ import annotations

from orchestrator.backends.port import Backend
from orchestrator.errors import InputError
from orchestrator.experiment import Experiment
from trainer.contract.store import Store


def open_backend(name: str, experiment: Experiment, store: Store) -> Backend:
    """A backend to observe and to start runs on.

    Raises:
        InputError: This version has no such backend.
    """
    if name == "local":
        from orchestrator.backends.local import LocalBackend

        return LocalBackend(store, experiment=experiment.name)
    if name == "kubernetes":
        from orchestrator.backends.kubernetes import KubernetesBackend

        return KubernetesBackend(experiment, store)
    raise InputError(f"this version has no backend '{name}' for {experiment.name}", fix="use --backend local")
