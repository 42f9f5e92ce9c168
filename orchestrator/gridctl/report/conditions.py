"""Notes on pairs below the tables: which are left out, which differ, and what they are too few for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from gridctl.analysis.model import Comparison, Report
from gridctl.analysis.pairing.pairs import DroppedPair, UnlikePair
from gridctl_trainer.contract.wording import count

LEFT_OUT_BY_DEFAULT: Final = ("data", "code")
"""Causes that leave out a pair by default."""


def conditions(report: Report) -> Iterator[str]:
    """One sentence each. Pairs whose data, or code of a plugin, differ are named above the tables: see `warnings`."""
    for comparison in report.comparisons:
        name = comparison_name(comparison)
        if left_out := [pair for pair in comparison.dropped if pair.cause not in LEFT_OUT_BY_DEFAULT]:
            said = grouped((pair.reason, place(pair)) for pair in left_out)
            yield f"{name}: {pairs_text(len(left_out))} left out: {said}"
        if unlike := [pair for pair in comparison.unlike if not pair.breaks_pair]:
            said = grouped((pair.said, place(pair)) for pair in unlike)
            verb = "differs" if len(unlike) == 1 else "differ"
            subject = "what was left out" if comparison.kind == "ablations" else "the model"
            yield f"{name}: {pairs_text(len(unlike))} {verb} in more than {subject}: {said}"
        for line in comparison.floors:
            yield f"{name}: {line}"


def comparison_name(comparison: Comparison) -> str:
    """`gamma_net against unet`, `ablations of unet`."""
    if comparison.kind == "ablations":
        return f"ablations of {comparison.model}"
    return f"{comparison.model} against {comparison.against}"


def pairs_text(number: int) -> str:
    """`1 pair`, `2 pairs`."""
    return count(number, "pair")


def place(pair: DroppedPair | UnlikePair) -> str:
    """`ratio 0.3, no_clahe, fold 1, seed 2`."""
    ablation = "" if pair.ablation == "none" else f", {pair.ablation}"
    fold = "" if pair.fold is None else f", fold {pair.fold}"
    return f"ratio {pair.train_ratio:g}{ablation}{fold}, seed {pair.seed}"


def grouped(items: Iterable[tuple[str, str]]) -> str:
    """Each reason once, with the first of its pairs and the number of others."""
    where: dict[str, list[str]] = defaultdict(list)
    for reason, of_pair in items:
        where[reason].append(of_pair)
    return "; ".join(
        f"{reason} ({places[0]}{f' and {len(places) - 1} more' if len(places) > 1 else ''})"
        for reason, places in where.items()
    )
