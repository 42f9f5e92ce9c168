"""Pairs of models under the ablation that each has chosen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from gridctl.analysis.pairing.pair_halves import Halves
from gridctl.analysis.pairing.pairs import Cause, DroppedPair, Pairs, RunRows, Wanted, paired
from gridctl.experiment.schema import TUNED


@dataclass(frozen=True, slots=True)
class Choice:
    """What one model has chosen at one train ratio, in one fold.

    Attributes:
        ablation: None where it has not chosen.
        why: Then why not.
        cause: Of what kind that is.
    """

    ablation: str | None
    why: str = ""
    cause: Cause = "unfinished"


Choices = Mapping[tuple[str, float, int | None], Choice]
"""By model, train ratio and fold."""


def pair_tuned(
    rows: RunRows,
    model: str,
    against: str,
    choices: Choices,
    *,
    same_images: Collection[str],
    wanted: Wanted,
) -> Pairs:
    """Pair the runs of two models, each under its chosen ablation, on train ratio, seed and fold.

    Args:
        rows: All runs of the grid.
        model: Name of the first.
        against: Name of the second.
        choices: What each has chosen.
        same_images: Ablations that prepare their images as `none` does; those of others cannot be compared.
        wanted: Which pairs are tested.
    """
    places = dict.fromkeys((key[1], key[3], key[4]) for key in rows if key[0] in (model, against))
    halves: list[Halves] = []
    waiting: list[DroppedPair] = []
    for ratio, seed, fold in places:
        first, second = (choices[name, ratio, fold] for name in (model, against))
        if first.ablation is None or second.ablation is None:
            reasons = [f"{name} {one.why}" for name, one in ((model, first), (against, second)) if one.why]
            cause = first.cause if first.ablation is None else second.cause
            waiting.append(DroppedPair(ratio, TUNED, seed, "; ".join(reasons), cause=cause, fold=fold))
            continue
        sides = [
            (f"{name} ({ablation})", rows.get((name, ratio, ablation, seed, fold)))
            for name, ablation in ((model, first.ablation), (against, second.ablation))
        ]
        alike = first.ablation == second.ablation or {first.ablation, second.ablation} <= set(same_images)
        may_differ = frozenset(("epochs",) if alike else ("epochs", "data_digest"))
        halves.append(Halves(ratio, TUNED, seed, TUNED, sides[0], sides[1], may_differ, fold))
    found = paired(halves, wanted)
    return replace(found, dropped=[*found.dropped, *waiting])
