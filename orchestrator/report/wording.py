"""What a test allows one to say, in a sentence."""

from __future__ import annotations

from typing import Final

LEVEL: Final = 0.05

EPOCH_WARNING: Final = (
    "unit epoch: epochs of one run are not independent, so these p values and intervals are far too small; "
    "this repeats the thesis's pooling and is not to be believed"
)


def verdict(
    *,
    model: str,
    against: str,
    metric: str,
    unit: str,
    n_pairs: int,
    difference: float | None,
    p: float | None,
    p_holm: float | None,
) -> str:
    """What may be said of one comparison.

    Args:
        model: Whose mean the difference begins with.
        against: Whose is taken away.
        metric: Dice is better when higher, cross-entropy when lower.
        unit: `run` or `epoch`.
        n_pairs: Pairs tested.
        difference: Mean; None without pairs.
        p: None where there is no test.
        p_holm: The same after correction.
    """
    if difference is None:
        return "no complete pair yet"
    if n_pairs == 1:
        return "one pair is no test: add seeds"
    if p is None or p_holm is None:
        if difference == 0:
            return "both models score exactly the same, so there is nothing to test"
        return "all pairs differ by exactly the same, so there is no spread to test against"
    better, worse = (model, against) if (difference > 0) == is_higher_better(metric) else (against, model)
    if unit == "epoch":
        return f"{better} is ahead; pooled epochs cannot say whether by more than chance"
    if p_holm <= LEVEL:
        return f"{better} is better than {worse}"
    if p <= LEVEL:
        return f"{better} is ahead, but not after correction for the number of tests"
    return f"{better} is ahead, but no more than chance allows"


def is_higher_better(metric: str) -> bool:
    """Whether a larger value of the metric is the better one."""
    return not metric.endswith("_bce")
