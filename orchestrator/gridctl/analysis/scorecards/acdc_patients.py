"""Whether scored cases are patients of ACDC: names alone do not tell, for synthetic hearts have the same."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Final

import pandas as pd

ACDC: Final = "acdc"

_STRUCTURES: Final = ("right_ventricle", "myocardium", "left_ventricle")
"""In the order of the counts that are kept."""


def are_acdc_patients(cases: pd.DataFrame) -> bool:
    """Whether the masks of cases are those that ACDC's experts drew.

    A case's true voxels are counted on the scanner's own grid, so they are those of the published label file. Masks of
    some patients may have been corrected since: most of those that are known must agree.

    Args:
        cases: As `Collected.cases`, of the sets of one data set.

    Returns:
        False where no case is of a training patient, so that none is known.
    """
    if cases.empty:
        return False
    known = true_voxels()
    keys = ["patient", "time_point", "structure"]
    of_one = cases[cases["run_id"] == cases["run_id"].iloc[0]]  # mixed data are said elsewhere, by their digests
    counted = of_one.dropna(subset=["true_positive", "false_negative"]).drop_duplicates(keys)
    found = [
        known[key] == positive + negative
        for *place, positive, negative in counted[[*keys, "true_positive", "false_negative"]].itertuples(index=False)
        if (key := (str(place[0]), str(place[1]), str(place[2]))) in known
    ]
    return 2 * sum(map(bool, found)) > len(found)


@lru_cache
def true_voxels() -> dict[tuple[str, str, str], int]:
    """Voxels of the published masks by patient, time point and structure; of the training patients."""
    text = resources.files(__package__).joinpath("acdc_patients.toml").read_text("utf-8")
    return {
        (patient, time_point, structure): count
        for patient, times in tomllib.loads(text).items()
        for time_point, counts in times.items()
        for structure, count in zip(_STRUCTURES, counts, strict=True)
    }
