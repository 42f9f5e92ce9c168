"""Which patients train and which validate, where that is not left to ratio and seed."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gridctl_trainer.contract.frozen import Frozen, canonical_json
from gridctl_trainer.contract.spec.identity import DECIDES, RECORDED


class SplitParts(Frozen):
    """The patients of each part, or cases of them, as the data set calls them.

    Attributes:
        train: Trained on, or drawn from where the train ratio is below 1.
        validation: Scored after every epoch.
        test: Scored once, after the last one.
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
    """How patients are split: the same for every seed, from a file or in folds of equal size, or each group alike.

    Give one of the first three, or `stratify`, or both.

    Attributes:
        folds: Number of folds that gridctl makes, the same ones everywhere: each patient validates in one of them.
        file: JSON or YAML: `{train: [...], validation: [...], test: [...]}`, a list of such for several folds, or
            nnU-Net's `splits_final.json`. Its content travels with the runs.
        parts: The same written out, one item for each fold.
        stratify: What patients are drawn by, so that each part has the same share of every diagnosis, vendor or centre
            as the data set, to within one patient; a file's parts stay as they are, only the train ratio draws so.
        digest: SHA-256 of `parts`; filled in.
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
            return given  # said where the parts are validated
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
        """How many folds there are; None of a single split."""
        return self.folds or (len(self.parts) if len(self.parts) > 1 else None)
