"""Whether an ablation changes the difference between two models."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gridctl.analysis.statistics.paired_t import PairedT, paired_t


def interaction(with_ablation: ArrayLike, without: ArrayLike, confidence: float = 0.95) -> PairedT:
    """Test whether the paired difference A - B changes under an ablation.

    Args:
        with_ablation: Shape (seeds,): A - B of each seed under the ablation; NaN where one is missing.
        without: The same without it.
        confidence: Level of the interval, in (0, 1).

    Returns:
        The paired t-test of (A - B) under the ablation minus (A - B) without it, over seeds that have both.

    Raises:
        ValueError: The shapes differ.
    """
    changed, usual = np.asarray(with_ablation, dtype=float), np.asarray(without, dtype=float)
    if changed.shape != usual.shape or changed.ndim != 1:
        raise ValueError(f"differences of shapes {changed.shape} and {usual.shape}")
    both = np.isfinite(changed) & np.isfinite(usual)
    return paired_t(changed[both], usual[both], confidence)
