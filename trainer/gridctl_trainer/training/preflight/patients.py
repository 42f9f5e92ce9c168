"""How many patients each part gets at a train ratio: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def remarks(patients: int, by_ratio: Iterable[tuple[float, tuple[int, int]]]) -> Iterator[str]:
    """What a person should know of the parts before training: one patient is no sample, equal parts no two ratios.

    Args:
        patients: All of them.
        by_ratio: Ratios with their parts, each once.
    """
    ordered = sorted(by_ratio)
    for ratio, (train, validation) in ordered:
        if train == 1:
            yield f"at train ratio {ratio:g} there is one training patient of {patients}"
        if validation == 1:
            yield f"at train ratio {ratio:g} there is one validation patient of {patients}: its score is that one's"
    same: dict[int, list[float]] = {}
    for ratio, (train, _) in ordered:
        same.setdefault(train, []).append(ratio)
    for train, ratios in same.items():
        if len(ratios) > 1:
            named = " and ".join(f"{ratio:g}" for ratio in ratios)
            yield f"train ratios {named} train on the same {train} of {patients} patients: these runs are no two points"
