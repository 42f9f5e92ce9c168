"""The backend that an experiment names."""

from __future__ import annotations

from gridctl.errors import InputError
from gridctl.executors.base import Executor
from gridctl.experiment import Experiment
from gridctl_trainer.storage.base import Store


def open_executor(name: str, experiment: Experiment, store: Store) -> Executor:
    """A backend to observe and to start runs on.

    Raises:
        InputError: This version has no such backend.
    """
    if name == "local":
        from gridctl.executors.local import LocalExecutor

        return LocalExecutor(store, experiment=experiment.name)
    if name == "kubernetes":
        from gridctl.executors.kubernetes import KubernetesExecutor

        return KubernetesExecutor(experiment, store)
    raise InputError(f"this version has no backend '{name}' for {experiment.name}", fix="use --backend local")
