"""RunSpec of version 1, and how its runs were named. Frozen: nothing here changes any more."""

from __future__ import annotations

import hashlib
from typing import Any, Final, Literal

from gridctl_trainer.contract.frozen import Frozen, canonical_json
from gridctl_trainer.contract.released.networks_v1 import NetworkV1
from gridctl_trainer.contract.released.sections_v1 import AugmentationV1, DataV1, TrainingV1
from gridctl_trainer.contract.spec.names import ExperimentName, Identifier, Seed, TrainRatio

_CANNOT_CHANGE_A_RESULT: Final = (
    "checkpoint_every_epochs",
    "checkpoint_keep_last",
    "checkpoint_keep_every_epochs",
    "checkpoint_keep_best",
    "store_outage_minutes",
    "spool_mib",
)
_LEFT_OUT_AT_THEIR_DEFAULT: Final = {"on_nonfinite": "stop", "deterministic": True}


class RunSpecV1(Frozen):
    """One run of version 1; options that were added before version 2 have their defaults where they are missing."""

    schema_version: Literal[1] = 1
    experiment: ExperimentName
    model: Identifier
    network: NetworkV1
    train_ratio: TrainRatio
    ablation: Identifier = "none"
    seed: Seed
    data: DataV1
    training: TrainingV1

    @property
    def digest(self) -> str:
        """SHA-256, 64 hex digits, over everything except what was known not to change a result."""
        return hashlib.sha256(canonical_json(self.deciding()).encode()).hexdigest()

    def deciding(self) -> dict[str, Any]:
        """Everything that version 1 considered able to change a result, as JSON."""
        content = self.model_dump(mode="json")
        for name in _CANNOT_CHANGE_A_RESULT:
            del content["training"][name]
        for name, default in _LEFT_OUT_AT_THEIR_DEFAULT.items():
            if content["training"][name] == default:
                del content["training"][name]
        content["network"].pop("recompute_timesteps", None)
        if not content["network"].get("temporal"):
            content["network"].pop("temporal", None)
        if self.data.augmentation == AugmentationV1():
            del content["data"]["augmentation"]
        return content
