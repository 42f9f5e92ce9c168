"""Which patients train and which validate, if this does not only depend on ratio and seed."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gridctl_trainer.contract.frozen import Frozen, canonical_json
from gridctl_trainer.contract.spec.identity import DECIDES, RECORDED


class SplitParts(Frozen):
    """The patients of each part, or their cases, by the data set's names.

    Attributes:
        train: Patients to train on, or to draw from if the train ratio is below 1.
        validation: Patients who are scored after every epoch.
        test: Patients who are scored once, after the last epoch.
    """

    train: Annotated[tuple[str, ...], Field(min_length=1), RECORDED]
    validation: Annotated[tuple[str, ...], Field(min_length=1), RECORDED]
    test: Annotated[tuple[str, ...], RECORDED] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for name, ids in (("train", self.train), ("validation", self.validation), ("test", self.test)):
            if twice := [item for item, times in Counter(ids).items() if times > 1]:
                raise ValueError(f"{', '.join(twice[:5])} appears more than once in {name}")
        several = [item for item, times in Counter((*self.train, *self.validation, *self.test)).items() if times > 1]
        if several:
            raise ValueError(f"{', '.join(several[:5])} appears in more than one part")
        return self


class SplitSpec(Frozen):
    """How patients are split: from a file or into folds, which are the same for every seed, or stratified by group.

    Give one of the first three options, or `stratify`, or both.

    Attributes:
        folds: Number of folds of equal size that gridctl makes. They are the same everywhere, and each patient
            validates in one of them.
        file: A JSON or YAML file: `{train: [...], validation: [...], test: [...]}`, a list of these for several folds,
            or nnU-Net's `splits_final.json`. Its content is stored with the runs.
        parts: The content of the file, one item per fold.
        stratify: Property of patients by which they are stratified, so that each part has the same share of every
            diagnosis, vendor or centre as the data set, to within one patient. The parts of a file stay as they are,
            and only the draw by train ratio is stratified.
        digest: SHA-256 of `parts`, which is filled in.
    """

    folds: Annotated[int | None, Field(ge=2, le=1000), DECIDES] = None
    file: Annotated[str | None, Field(min_length=1), RECORDED] = None
    parts: Annotated[tuple[SplitParts, ...], Field(max_length=1000), RECORDED] = ()
    stratify: Annotated[Literal["group", "vendor", "centre"] | None, DECIDES] = None
    digest: Annotated[str, DECIDES] = ""

    @model_validator(mode="before")
    @classmethod
    def _digested(cls, given: object) -> object:
        if not isinstance(given, dict) or not given.get("parts"):
            return given
        try:
            parts = [SplitParts.model_validate(item).model_dump(mode="json") for item in given["parts"]]
        except (TypeError, ValueError):
            return given  # reported where the parts are validated
        return {**given, "digest": hashlib.sha256(canonical_json(parts).encode()).hexdigest()}

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.folds is not None and (self.file or self.parts):
            raise ValueError("give folds, or file, not both")
        if not self.is_fixed and self.stratify is None:
            raise ValueError("give file: PATH, or folds: NUMBER, or stratify: group")
        return self

    @property
    def is_fixed(self) -> bool:
        """Whether the same patients validate for every seed; otherwise train ratio and seed decide."""
        return self.folds is not None or bool(self.file) or bool(self.parts)

    @property
    def number_of_folds(self) -> int | None:
        """The number of folds; None for a single split."""
        return self.folds or (len(self.parts) if len(self.parts) > 1 else None)
