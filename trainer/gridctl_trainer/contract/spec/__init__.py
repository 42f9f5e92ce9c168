"""The specification of one run, section by section."""

from gridctl_trainer.contract.spec.augmentation import AugmentationSpec
from gridctl_trainer.contract.spec.data import RESERVED_SETS, DatasetSpec, DataSpec
from gridctl_trainer.contract.spec.names import ExperimentName, Identifier, Seed, TrainRatio
from gridctl_trainer.contract.spec.network import NetworkSpec
from gridctl_trainer.contract.spec.preprocessing import DEFAULT_STEPS, StepSpec
from gridctl_trainer.contract.spec.problems import validation_problems
from gridctl_trainer.contract.spec.run_id import RUN_ID_MAX_LENGTH
from gridctl_trainer.contract.spec.run_spec import MAX_SPEC_BYTES, SCHEMA_VERSION, RunSpec
from gridctl_trainer.contract.spec.scored import DEFAULT_METRICS, DEFAULT_SECONDARY_METRIC, scored_sets, structures_of
from gridctl_trainer.contract.spec.scoring import ScoringSpec
from gridctl_trainer.contract.spec.split import SplitParts, SplitSpec
from gridctl_trainer.contract.spec.training.loss import LossSpec
from gridctl_trainer.contract.spec.training.optimization import OptimizerSpec, ScheduleSpec
from gridctl_trainer.contract.spec.training.training import TrainingSpec

__all__ = [
    "DEFAULT_METRICS",
    "DEFAULT_SECONDARY_METRIC",
    "DEFAULT_STEPS",
    "MAX_SPEC_BYTES",
    "RESERVED_SETS",
    "RUN_ID_MAX_LENGTH",
    "SCHEMA_VERSION",
    "AugmentationSpec",
    "DataSpec",
    "DatasetSpec",
    "ExperimentName",
    "Identifier",
    "LossSpec",
    "NetworkSpec",
    "OptimizerSpec",
    "RunSpec",
    "ScheduleSpec",
    "ScoringSpec",
    "Seed",
    "SplitParts",
    "SplitSpec",
    "StepSpec",
    "TrainRatio",
    "TrainingSpec",
    "scored_sets",
    "structures_of",
    "validation_problems",
]
