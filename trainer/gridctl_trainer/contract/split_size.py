"""How many patients train at a ratio; known without any data."""

from __future__ import annotations

import math


def training_patients(patients: int, train_ratio: float) -> int:
    """How many of these patients train; the others validate. Exact to within one, and both halves get at least one.

    Args:
        patients: At least 2.
        train_ratio: Share that trains, in (0, 1).
    """
    return min(max(math.floor(train_ratio * patients + 0.5), 1), patients - 1)
