"""Converts specifications of version 1 to the current version; the runs keep their names."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from gridctl_trainer.contract.released.networks_v1 import NetworkV1
from gridctl_trainer.contract.released.score_names_v1 import OTHER_SET, RENAMED_SCORES
from gridctl_trainer.contract.released.sections_v1 import DataV1, TrainingV1
from gridctl_trainer.contract.released.spec_v1 import RunSpecV1
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.contract.spec.identity import RECORDED

_EXECUTION: Final = ("recompute_timesteps",)
"""Network options that change how a result is computed, but not the result."""


class ReleasedRunSpec(RunSpec):
    """A run of an earlier version: read, reported, and never trained or resumed under that name.

    Attributes:
        released: Its specification as stored.
    """

    released: Annotated[RunSpecV1, Field(exclude=True, repr=False), RECORDED]

    @property
    def digest(self) -> str:
        """SHA-256 as that version computed it; it is part of the run's name, result and checkpoints."""
        return self.released.digest


def converted(old: RunSpecV1) -> ReleasedRunSpec:
    """A specification of version 1, converted to the current version."""
    return ReleasedRunSpec.model_validate(
        {
            "schema_version": 1,
            **{name: getattr(old, name) for name in ("experiment", "model", "train_ratio", "ablation", "seed")},
            "network": _network(old.network),
            "data": data_section(old.data),
            "training": _training(old.training),
            "released": old,
        }
    )


def _network(old: NetworkV1) -> dict[str, Any]:
    parts: dict[str, dict[str, Any]] = {"options": {}, "execution": {}}
    written = old.model_dump(mode="json", exclude={"architecture", "preset"})
    for name, value in written.items():
        if getattr(old, name) != type(old).model_fields[name].default:
            parts["execution" if name in _EXECUTION else "options"][name] = value
    return {"architecture": old.architecture, **parts}


def data_section(old: DataV1) -> dict[str, Any]:
    """The data section of version 1 in today's format."""
    external = {} if old.sunnybrook is None else {OTHER_SET: {"dataset": "sunnybrook", "path": old.sunnybrook}}
    return {
        "train": {"dataset": "acdc", "path": old.acdc},
        "external": external,
        "size_px": old.size_px,
        "preprocessing": old.preprocessing.model_dump(),
        "augmentation": old.augmentation.model_dump(),
    }


def _training(old: TrainingV1) -> dict[str, Any]:
    best = old.checkpoint_keep_best
    now = None if best is None else RENAMED_SCORES.get(best, best)
    same = old.model_dump(exclude={"generalisation_batch_size"})
    return {**same, "checkpoint_keep_best": now, "external_batch_size": old.generalisation_batch_size}
