"""The data sets that a run reads, the structures to segment, and how the images are prepared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from gridctl_trainer.contract.fields.text_form import text_form
from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.location import LocationText
from gridctl_trainer.contract.spec.augmentation import AugmentationSpec
from gridctl_trainer.contract.spec.identity import DECIDES, RECORDED
from gridctl_trainer.contract.spec.names import Identifier
from gridctl_trainer.contract.spec.preprocessing import DEFAULT_STEPS, Preprocessing
from gridctl_trainer.contract.spec.split import SplitSpec

DEFAULT_TARGET: Final = ("left_ventricle",)

RESERVED_SETS: Final = ("train", "validation", "test", "external", "final", "best", "all")
"""Names that already have a meaning in the names of scores and sets."""


def _set_name(name: str) -> str:
    if name in RESERVED_SETS:
        raise ValueError(f"'{name}' has a meaning of its own: give this set another name, such as its cohort's")
    return name


SetName = Annotated[Identifier, AfterValidator(_set_name)]


def _without_unset(value: Any) -> Any:
    return {name: item for name, item in value.items() if item is not None} if isinstance(value, Mapping) else value


NULL_LEAVES_OUT: Final = BeforeValidator(_without_unset)
"""Removes sections that are null, as with `--set data.external.NAME=null`."""


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("the list is empty, so there is nothing to segment")
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ValueError(f"{', '.join(twice)} appears more than once")
    return names


class DatasetSpec(Frozen):
    """One data set, and where it lies.

    It lies in a folder of files as published, a folder of packs that `data pack` made, or either of these at
    `s3://bucket/prefix`, from where it is fetched once to the disk of the machine that trains.

    Attributes:
        dataset: Name of the data set, such as `acdc`, or the path of a class that reads one, `pkg.module:Name`.
        path: A folder, or `s3://bucket/prefix`.
        options: Options of the data set, if it has any.
        version: Version that the data set declares. It is filled in when the experiment is submitted.
    """

    dataset: Annotated[str, Field(min_length=1), text_form(r"\S(.*\S)?"), DECIDES]
    path: Annotated[LocationText, RECORDED]
    options: Annotated[Mapping[str, Any], DECIDES] = Field(default_factory=dict)
    version: Annotated[str, DECIDES] = ""


class DataSpec(Frozen):
    """The data sets that a run reads, the structures to segment, and how the images are prepared.

    Attributes:
        train: The data set whose patients are split into training and validation.
        external: Other data sets by name. They are only scored, never trained on.
        test: The data set that is scored once, after the last epoch. Nothing is selected by its scores.
        target: Structures to segment, such as `left_ventricle`. If there are several, each is a class of its own.
        split: Which patients train and which validate, if this does not only depend on train ratio and seed.
        copies: What to do with patients who have the same images as another patient. `drop` leaves out the later of two
            in one set, and a patient of `train` who is also in a set that is only scored. `keep` keeps all of them.
        on_wrong: Whether runs `stop` before the first epoch if `data check` says that training would be wrong, or
            `train` anyway.
        size_px: Side of the square that models see, in pixels. Each level of a network except the last halves it.
        preprocessing: Steps before the square is cropped, in the order in which they run.
        augmentation: How training images are varied.
    """

    train: Annotated[DatasetSpec, DECIDES]
    external: Annotated[Mapping[SetName, DatasetSpec], NULL_LEAVES_OUT, DECIDES] = Field(default_factory=dict)
    test: Annotated[DatasetSpec | None, DECIDES] = None
    target: Annotated[tuple[Identifier, ...], AfterValidator(_each_once), DECIDES] = DEFAULT_TARGET
    split: Annotated[SplitSpec | None, DECIDES] = None
    copies: Annotated[Literal["drop", "keep"], DECIDES] = "drop"
    on_wrong: Annotated[Literal["stop", "train"], RECORDED] = "stop"
    size_px: Annotated[int, Field(ge=1, le=4096), DECIDES] = 176
    preprocessing: Annotated[Preprocessing, DECIDES] = DEFAULT_STEPS
    augmentation: Annotated[AugmentationSpec, DECIDES] = AugmentationSpec()

    @property
    def places(self) -> tuple[tuple[tuple[str, ...], DatasetSpec], ...]:
        """Every data set that is read, each with its keys below `data`. The one that is trained on comes first."""
        return tuple(self._places())

    def _places(self) -> Iterator[tuple[tuple[str, ...], DatasetSpec]]:
        yield ("train",), self.train
        if self.test is not None:
            yield ("test",), self.test
        for name, found in self.external.items():
            yield ("external", name), found
