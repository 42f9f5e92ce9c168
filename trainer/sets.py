"""The three sets of images of a run: trained on, validated on, generalised to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from trainer.contract.metrics import DataRecord
from trainer.contract.spec import RunSpec
from trainer.data.prepared import PreparedSet, prepare_acdc, prepare_sunnybrook
from trainer.data.split import split_patients


@dataclass(frozen=True, slots=True)
class RunSets:
    """Images of one run, and the digests by which two runs are known to have seen the same.

    Attributes:
        data_digest: SHA-256 over the prepared images, masks and names of both data sets.
        split_digest: SHA-256 over the patients of both halves.
    """

    train: PreparedSet
    validation: PreparedSet
    generalisation: PreparedSet | None
    data_digest: str
    split_digest: str

    def record(self, train_steps: int) -> DataRecord:
        """What the metric log says of the data.

        Args:
            train_steps: Optimizer steps of one epoch.
        """
        other = self.generalisation
        return DataRecord(
            data_digest=self.data_digest,
            split_digest=self.split_digest,
            train_patients=_patients(self.train),
            validation_patients=_patients(self.validation),
            generalisation_patients=_patients(other) if other else (),
            train_images=len(self.train.names),
            validation_images=len(self.validation.names),
            generalisation_images=len(other.names) if other else 0,
            train_steps=train_steps,
        )


def load_sets(spec: RunSpec, progress: Callable[[int, int], None]) -> RunSets:
    """Read, prepare and split the data of a run.

    Args:
        spec: The run.
        progress: Called with patients read and their number.

    Raises:
        DataError: Files are missing, unreadable or wrong: all of them, by name.
    """
    labelled = prepare_acdc(spec.data, progress)
    other = prepare_sunnybrook(spec.data, progress) if spec.data.sunnybrook is not None else None
    split = split_patients(labelled.patients, spec.train_ratio, spec.seed)
    digests = " ".join(prepared.digest for prepared in (labelled, other) if prepared)
    return RunSets(
        labelled.of_patients(split.train),
        labelled.of_patients(split.validation),
        other,
        data_digest=hashlib.sha256(digests.encode()).hexdigest(),
        split_digest=split.digest,
    )


def _patients(prepared: PreparedSet) -> tuple[str, ...]:
    return tuple(sorted(set(prepared.patients)))
