"""The sets of images of a run: for training, for validation, and those that are only scored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.contract.records.metric_log import DataRecord, SetData
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.plugins.model import options_of
from gridctl_trainer.preprocessing.loading import load_set
from gridctl_trainer.preprocessing.prepared import PreparedSet
from gridctl_trainer.training.images.alike import require_alike
from gridctl_trainer.training.images.division import LeftOut, divide, said_left_out
from gridctl_trainer.training.images.wrong_data import require_right

TRAIN: Final = "train"
VALIDATION: Final = "validation"
TEST: Final = "test"


@dataclass(frozen=True, slots=True)
class RunSets:
    """The images of one run, and digests that show whether two runs read the same images.

    Attributes:
        train: The images that are trained on.
        scored: The sets that are scored after every epoch, by name: `validation` first, then the external sets.
        test: The set that is scored once, after the last epoch; None if there is none.
        digests: SHA-256 over the prepared labelled frames, masks and names of each data set, by name. It is the same
            whether or not the model reads series.
        series_digest: SHA-256 over the whole series of all data sets, and thus over all that this run is trained on.
        split_digest: SHA-256 over the patients of each part of the split.
        left_out: The patients of each data set who are left out, and why.
    """

    train: PreparedSet
    scored: Mapping[str, PreparedSet]
    test: PreparedSet | None
    digests: Mapping[str, str]
    series_digest: str
    split_digest: str
    left_out: LeftOut = field(default_factory=dict)

    @property
    def said_left_out(self) -> tuple[str, ...]:
        """One sentence for each patient who is left out."""
        return tuple(said_left_out(self.left_out))

    @property
    def validation(self) -> PreparedSet:
        """The images of the training data set's patients who are held out for validation."""
        return self.scored[VALIDATION]

    @property
    def channels(self) -> int:
        """Number of channels of the images."""
        return self.train.channels

    @property
    def classes(self) -> int:
        """Number of channels of a model's logits: 1 for one structure, else one per structure and the background."""
        return classes_of(self.train.target)

    @property
    def data_digest(self) -> str:
        """SHA-256 over the digests of all data sets."""
        return _joined(self.digests.values())

    def record(self, train_steps: int, parameters: int) -> DataRecord:
        """The metric log's record of the data.

        Args:
            train_steps: Optimizer steps in one epoch.
            parameters: Number of learned parameters of the model.
        """
        found = {TRAIN: self.train, **self.scored}
        return DataRecord(
            data_digest=self.data_digest,
            digests=self.digests,
            split_digest=self.split_digest,
            sets={
                name: SetData(patients=_patients(prepared), images=len(prepared)) for name, prepared in found.items()
            },
            train_steps=train_steps,
            parameters=parameters,
            left_out=self.left_out,
        )


def classes_of(target: tuple[str, ...]) -> int:
    """Number of channels of the logits of a model that segments these structures."""
    return 1 if len(target) == 1 else len(target) + 1


def set_name(keys: tuple[str, ...]) -> str:
    """The name of a data set, from its keys below `data`, such as `external` and `sunnybrook`."""
    return keys[-1]


def scoring_batch_size(spec: RunSpec, name: str) -> int:
    """Number of images in one minibatch of a scored set."""
    training = spec.training
    return training.validation_batch_size if name == VALIDATION else training.external_batch_size


def load_sets(spec: RunSpec, progress: Callable[[int, int], None]) -> RunSets:
    """Read, prepare and split the data of a run.

    Args:
        spec: The run.
        progress: Called with the number of patients read so far and the total.

    Raises:
        DataError: Files are missing, unreadable or wrong; it lists all of them. Or the data cannot be split, as for
            `split_sets`.
    """
    frames = options_of(spec.network).series_frames
    found = {}
    for keys, given in spec.data.places:
        found[set_name(keys)] = load_set(given, spec.data, frames, progress)
        require_right(spec.data, f"data.{'.'.join(keys)}", given.path, found[set_name(keys)])
    return split_sets(spec, found)


def split_sets(spec: RunSpec, found: Mapping[str, PreparedSet]) -> RunSets:
    """Split the prepared data of a run.

    Args:
        spec: The run.
        found: Every data set that the run reads, by name.

    Raises:
        DataError: The patients cannot be divided as the run asks, a structure is not labelled anywhere, or the images
            of two sets have different numbers of channels.
    """
    labelled = found[TRAIN]
    require_alike(spec.data, found)
    division = divide(spec, found)
    split, left_out = division.split, division.left_out
    kept = {name: without(prepared, left_out.get(name, {})) for name, prepared in found.items()}
    external = {name: prepared for name, prepared in kept.items() if name not in (TRAIN, TEST)}
    return RunSets(
        labelled.of_patients(split.train).with_something_outlined(),
        {VALIDATION: labelled.of_patients(split.validation), **external},
        labelled.of_patients(split.test) if split.test else kept.get(TEST),
        digests={name: prepared.digest for name, prepared in found.items()},
        series_digest=_joined(
            [*(item.series_digest for item in found.values()), *([canonical_json(left_out)] if left_out else [])]
        ),
        split_digest=split.digest,
        left_out=left_out,
    )


def without(prepared: PreparedSet, patients: Collection[str]) -> PreparedSet:
    """A set without some of its patients."""
    return prepared.of_patients(set(prepared.patients) - set(patients)) if patients else prepared


def _joined(digests: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _patients(prepared: PreparedSet) -> tuple[str, ...]:
    return tuple(sorted(set(prepared.patients)))
