"""Registers nnU-Net's raw layout, and declares its options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from gridctl_trainer.contract.spec.identity import DECIDES
from gridctl_trainer.contract.spec.names import Identifier
from gridctl_trainer.plugins.dataset import DatasetDescriptor, DatasetOptions

HEART: Final[Mapping[str, tuple[str, ...]]] = {
    "left_ventricle": ("left_ventricle", "left ventricle", "LV", "LVC", "LVBP"),
    "myocardium": ("myocardium", "MYO", "MLV", "LVM"),
    "right_ventricle": ("right_ventricle", "right ventricle", "RV", "RVC"),
}
"""Label names that are recognised without options, including those of nnU-Net's own conversions."""


class NnunetOptions(DatasetOptions):
    r"""Settles what nnU-Net's layout leaves open: the patient of each case, and the structure that a name means.

    Attributes:
        pattern: Regular expression that matches the whole name of every case, with a group `patient` and, if a
            patient has several cases, a group `time_point`: `(?P<patient>patient\d+)_frame(?P<time_point>\d+)`.
        table: CSV file in the data set's folder, with columns `case` and `patient` and optionally `time_point`,
            `group`, `vendor` and `centre`. Give either this or `pattern`.
        time_points: Names to use for time points, such as `{"01": ED}`; others keep their name.
        labels: Name of each structure in dataset.json, such as `{left_ventricle: LVC}`. By default, the usual names of
            the ventricles and the myocardium are recognised.
        part: `train` reads imagesTr and labelsTr, `test` imagesTs and labelsTs.
    """

    pattern: Annotated[str, DECIDES] = ""
    table: Annotated[str, DECIDES] = ""
    time_points: Annotated[Mapping[str, str], DECIDES] = Field(default_factory=dict)
    labels: Annotated[Mapping[Identifier, str], DECIDES] = Field(default_factory=dict)
    part: Annotated[Literal["train", "test"], DECIDES] = "train"

    @model_validator(mode="after")
    def _says_whose_a_case_is(self) -> Self:
        if bool(self.pattern) == bool(self.table):
            raise ValueError(
                "the patient of each case must be known, as patients are split and not files: give pattern, such as "
                r"'(?P<patient>.+)_frame(?P<time_point>\d+)', or table, a CSV file with columns case and patient"
            )
        if self.pattern:
            try:
                groups = re.compile(self.pattern).groupindex
            except re.error as error:
                raise ValueError(f"pattern is not a regular expression: {error}") from None
            if "patient" not in groups:
                raise ValueError("pattern has no group (?P<patient>...)")
        return self

    @property
    def structures(self) -> tuple[str, ...]:
        """The structures that the data set labels."""
        return tuple(self.labels) or NNUNET.structures


NNUNET: Final = DatasetDescriptor(
    summary="nnU-Net's raw layout (dataset.json of version 1 or 2); patients are given by a pattern or a table",
    title="nnU-Net's layout",
    structures=("left_ventricle", "myocardium", "right_ventricle", "epicardium"),
    build="gridctl_trainer.datasets.nnunet.dataset:Nnunet",
    options=NnunetOptions,
    is_layout=True,
)
