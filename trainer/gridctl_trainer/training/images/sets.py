"""The three sets of images of a run: trained on, validated on, generalised to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gridctl_trainer.contract.records.metric_log import DataRecord
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.datasets.split import require_patients, split_patients
from gridctl_trainer.plugins.model import options_of
from gridctl_trainer.preprocessing.loading import load_set
from gridctl_trainer.preprocessing.prepared import PreparedSet


@dataclass(frozen=True, slots=True)
class RunSets:
    """Images of one run, and the digests by which two runs are known to have seen the same.

    Attributes:
        data_digest: SHA-256 over the prepared labelled frames, masks and names of both data sets:
            the same for a model that reads series and one that does not.
        series_digest: The same over whole series: of all that this run is trained on.
        split_digest: SHA-256 over the patients of both halves.
    """

    train: PreparedSet
    validation: PreparedSet
    generalisation: PreparedSet | None
    data_digest: str
    series_digest: str
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
            train_images=len(self.train),
            validation_images=len(self.validation),
            generalisation_images=len(other) if other else 0,
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
    frames = options_of(spec.network).series_frames
    labelled = load_set("acdc", spec.data.acdc, spec.data, frames, progress)
    given = spec.data.sunnybrook
    other = load_set("sunnybrook", given, spec.data, frames, progress) if given is not None else None
    return split_sets(spec, labelled, other)


def split_sets(spec: RunSpec, labelled: PreparedSet, other: PreparedSet | None) -> RunSets:
    """Split what was read.

    Raises:
        DataError: The train ratio leaves nobody to train or to validate.
    """
    require_patients(len(set(labelled.patients)), spec.train_ratio)
    split = split_patients(labelled.patients, spec.train_ratio, spec.seed)
    both = [prepared for prepared in (labelled, other) if prepared]
    return RunSets(
        labelled.of_patients(split.train),
        labelled.of_patients(split.validation),
        other,
        data_digest=_joined(prepared.digest for prepared in both),
        series_digest=_joined(prepared.series_digest for prepared in both),
        split_digest=split.digest,
    )


def _joined(digests: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _patients(prepared: PreparedSet) -> tuple[str, ...]:
    return tuple(sorted(set(prepared.patients)))
