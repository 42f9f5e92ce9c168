"""The result of a finished run, and the weights of its last checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from gridctl_trainer.contract.errors import NotFoundError, SpecError
from gridctl_trainer.contract.layout import AttemptName, RunLayout, checkpoint_of
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store
from gridctl_trainer.training.checkpoints.checkpoints import Checkpoints, weights_sha256
from gridctl_trainer.training.spec_source import read_spec


def finished_result(spec: RunSpec, store: Store, lacks: str) -> ResultRecord:
    """The result of a finished run.

    Args:
        spec: The run.
        store: The store that holds it.
        lacks: What an unfinished run does not have yet, for the message.

    Raises:
        SpecError: The run is not finished.
        StoreError: The result is damaged, or the store failed.
    """
    key = RunLayout(spec.experiment, spec.run_id).result
    try:
        return ResultRecord.of_run(spec, store.get(key).data, f"{store.url}/{key}")
    except NotFoundError:
        raise SpecError(
            f"the run is not finished, so it has no {lacks}", where=spec.run_id, fix="wait for it: gridctl status"
        ) from None


def last_weights(checkpoints: Checkpoints, spec: RunSpec, result: ResultRecord) -> Mapping[str, torch.Tensor]:
    """The weights of the checkpoint that a result names.

    Raises:
        SpecError: The result names no checkpoint.
        StoreError: The checkpoint is gone or damaged, or the store failed.
    """
    name = checkpoint_of(result.checkpoint)
    if name is None:
        raise SpecError("its result names no checkpoint", where=spec.run_id, fix="train it again")
    return checkpoints.weights_of(name)


def finished_weights_sha256(location: str, store_url: str | None = None) -> str:
    """SHA-256 over names, dtypes, shapes and bytes of the weights in a finished run's last checkpoint.

    Args:
        location: Location of the run's specification, as for `read_spec`.
        store_url: As for `read_spec`.

    Raises:
        SpecError: The run is not finished.
        StoreError: The checkpoint is gone or damaged, or the store failed.
    """
    spec, store = read_spec(location, store_url)
    result = finished_result(spec, store, "weights")
    return weights_sha256(last_weights(Checkpoints(store, spec, AttemptName(0, "weights")), spec, result))
