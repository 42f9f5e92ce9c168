"""How many patients a train ratio gives, computed without reading any data."""

from __future__ import annotations

import math


def training_patients(patients: int, train_ratio: float) -> int:
    """How many of the patients are trained on; the others validate. Exact to within one, and each part gets at least
    one.

    Args:
        patients: Number of patients, at least 2.
        train_ratio: Share of the patients to train on, in (0, 1).
    """
    return min(max(math.floor(train_ratio * patients + 0.5), 1), patients - 1)
