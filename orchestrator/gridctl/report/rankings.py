"""Ranks of three or more models in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from gridctl.analysis.model import ModelRank
from gridctl.analysis.wording import listed
from gridctl.report.scope import Scope
from gridctl.terminal.console import count

FEW_UNITS: Final = 20
"""Number of seeds, or patients, below which bootstrap intervals are called too narrow."""


def rank_headlines(rows: Iterable[ModelRank], scopes: Mapping[str, Scope]) -> Iterator[str]:
    """One sentence per score: which model ranks first, and how often in bootstrap samples; ranks are not a test.

    Args:
        rows: All of a report.
        scopes: What each score is of.
    """
    by_metric: dict[str, list[ModelRank]] = defaultdict(list)
    for row in rows:
        by_metric[row.metric].append(row)
    for ranked in by_metric.values():
        few = ", and a bootstrap of so few is too sure" if _is_of_few(ranked[0]) else ""
        label = scopes[ranked[0].metric].label
        yield f"{label}, {ranked[0].models} models: {_first(ranked)}; ranks are not a test{few}"


def _is_of_few(row: ModelRank) -> bool:
    units = row.patients if row.claim == "population" else row.n_seeds
    return (
        row.resamples > 0 and units < FEW_UNITS and row.rank * 2 != row.models + 1
    )  # all tie, so the bootstrap adds nothing


def _first(ranked: Sequence[ModelRank]) -> str:
    best = [row for row in ranked if row.rank == ranked[0].rank]
    so_far = "so far " if ranked[0].unfinished else ""
    names = listed([row.model for row in best])
    if len(best) == len(ranked):
        return f"{so_far}all tie by mean score"
    said = f"{so_far}{names} {'ranks' if len(best) == 1 else 'tie'} first by mean score"
    if best[0].first is None:
        return f"{said}, of {drawn(best[0])} alone, too few to say how stable that is"
    shares = listed([f"{row.first:.0%}" for row in best])
    return f"{said}, and in {shares} of the bootstrap samples of {drawn(best[0])}"


def drawn(row: ModelRank) -> str:
    """What the bootstrap resamples: `24 patients`, or `5 seeds`."""
    return count(row.patients, "patient") if row.claim == "population" else count(row.n_seeds, "seed")
