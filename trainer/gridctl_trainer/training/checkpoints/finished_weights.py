"""The weights of a finished run as its last checkpoint has them: whether they are those that its result says."""

from __future__ import annotations

from gridctl_trainer.contract.errors import NotFoundError, SpecError
from gridctl_trainer.contract.layout import AttemptName, RunLayout, checkpoint_of
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.training.checkpoints.checkpoints import Checkpoints, weights_sha256
from gridctl_trainer.training.spec_source import read_spec


def finished_weights_sha256(location: str, store_url: str | None = None) -> str:
    """SHA-256 over names, types, shapes and bytes of the weights in a finished run's last checkpoint.

    Args:
        location: Of its specification, as of `read_spec`.
        store_url: As of `read_spec`.

    Raises:
        SpecError: The run is not finished.
        StoreError: The checkpoint is gone or damaged, or the store failed.
    """
    spec, store = read_spec(location, store_url)
    layout = RunLayout(spec.experiment, spec.run_id)
    try:
        result = ResultRecord.of_run(spec, store.get(layout.result).data, f"{store.url}/{layout.result}")
    except NotFoundError:
        raise SpecError(
            "the run is not finished, so it has no weights", where=spec.run_id, fix="wait for it: gridctl status"
        ) from None
    name = checkpoint_of(result.checkpoint)
    if name is None:
        raise SpecError("its result names no checkpoint", where=spec.run_id, fix="train it anew")
    return weights_sha256(Checkpoints(store, spec, AttemptName(0, "weights")).weights_of(name))
