"""The sets of images of a run, by name: trained on, validated on, and those that are only scored."""

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
    """Images of one run, and the digests by which two runs are known to have seen the same.

    Attributes:
        train: Those trained on.
        scored: Those scored after every epoch, by name: `validation` first, then the external sets.
        test: Those scored once, after the last epoch; None if there are none.
        digests: SHA-256 over the prepared labelled frames, masks and names of each data set that was read, by name:
            the same for a model that reads series and one that does not.
        series_digest: Over whole series of all of them: of all that this run is trained on.
        split_digest: SHA-256 over the patients of both halves.
        left_out: Patients of each data set who are in none of its parts, and why.
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
        """Each patient who is left out, in a sentence."""
        return tuple(said_left_out(self.left_out))

    @property
    def validation(self) -> PreparedSet:
        """The patients of the training data set who are not trained on."""
        return self.scored[VALIDATION]

    @property
    def channels(self) -> int:
        """Channels of their images."""
        return self.train.channels

    @property
    def classes(self) -> int:
        """Channels of a model's logits: 1 for one structure, else one for each and one for the background."""
        return classes_of(self.train.target)

    @property
    def data_digest(self) -> str:
        """SHA-256 over those of all data sets."""
        return _joined(self.digests.values())

    def record(self, train_steps: int, parameters: int) -> DataRecord:
        """What the metric log says of the data.

        Args:
            train_steps: Optimizer steps of one epoch.
            parameters: Learned numbers of the model.
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
    """Channels of the logits of a model that segments these structures."""
    return 1 if len(target) == 1 else len(target) + 1


def set_name(keys: tuple[str, ...]) -> str:
    """The name of a data set from its keys below `data`, such as `external` and `sunnybrook`."""
    return keys[-1]


def scoring_batch_size(spec: RunSpec, name: str) -> int:
    """Images in one minibatch of a set that is scored."""
    training = spec.training
    return training.validation_batch_size if name == VALIDATION else training.external_batch_size


def load_sets(spec: RunSpec, progress: Callable[[int, int], None]) -> RunSets:
    """Read, prepare and split the data of a run.

    Args:
        spec: The run.
        progress: Called with patients read and their number.

    Raises:
        DataError: Files are missing, unreadable or wrong: all of them, by name.
    """
    frames = options_of(spec.network).series_frames
    found = {}
    for keys, given in spec.data.places:
        found[set_name(keys)] = load_set(given, spec.data, frames, progress)
        require_right(spec.data, f"data.{'.'.join(keys)}", given.path, found[set_name(keys)])
    return split_sets(spec, found)


def split_sets(spec: RunSpec, found: Mapping[str, PreparedSet]) -> RunSets:
    """Split what was read.

    Args:
        spec: The run.
        found: Every data set that it reads, by name.

    Raises:
        DataError: The train ratio leaves nobody to train or to validate, a structure is nowhere labelled, or images
            of two sets have different channels.
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
