"""Remarks on how many patients each part gets at the train ratios, without side effects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def remarks(patients: int, by_ratio: Iterable[tuple[float, tuple[int, int]]]) -> Iterator[str]:
    """Warn about parts with a single patient, and about train ratios with equal parts.

    Args:
        patients: Total number of patients.
        by_ratio: Each train ratio once, with its numbers of training and validation patients.

    Yields:
        One sentence per remark.
    """
    ordered = sorted(by_ratio)
    for ratio, (train, validation) in ordered:
        if train == 1:
            yield f"at train ratio {ratio:g} there is one training patient of {patients}"
        if validation == 1:
            yield f"at train ratio {ratio:g} there is one validation patient of {patients}, who alone decides the score"
    same: dict[int, list[float]] = {}
    for ratio, (train, _) in ordered:
        same.setdefault(train, []).append(ratio)
    for train, ratios in same.items():
        if len(ratios) > 1:
            named = " and ".join(f"{ratio:g}" for ratio in ratios)
            yield f"train ratios {named} give the same number of training patients, {train} of {patients}"
