"""What the numbers of a report were made with."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Final

import pandas as pd

from gridctl.analysis.inference.cell_tests import RESAMPLES
from gridctl.analysis.model import Provenance, ProvenanceValue

_FIELDS: Final = ("git_sha", "image", "versions", "device_name", "data_digest")
_LIBRARIES: Final = ("gridctl", "numpy", "scipy", "pandas")


def provenance(runs: pd.DataFrame, seed: int) -> Provenance:
    """Where the numbers come from.

    Args:
        runs: As `Collected.runs`; the finished ones count.
        seed: Of all resampling.
    """
    finished = runs[runs["finished"]]
    values = [
        ProvenanceValue(field, str(value), int(count))
        for field in _FIELDS
        for value, count in finished[field].value_counts().items()
    ]
    versions = {name: metadata.version(name) for name in _LIBRARIES}
    return Provenance(
        runs=values,
        analysis={"python": platform.python_version(), **versions},
        resamples=RESAMPLES,
        resampling_seed=seed,
    )
