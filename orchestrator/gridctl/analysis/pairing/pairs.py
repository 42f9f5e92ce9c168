"""Which runs form pairs, which pairs are left out, and which differ in more than they should."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from gridctl.analysis.pairing.pair_differences import CODE, RunRow, changed
from gridctl.analysis.pairing.pair_halves import Halves, strangers_of
from gridctl.analysis.pairing.plugin_code import is_mixed

Cause = Literal["unfinished", "data", "code", "conditions", "score"]


@dataclass(frozen=True, slots=True)
class DroppedPair:
    """A pair of the grid that is not tested, and why.

    Attributes:
        metric: The metric that it cannot be tested on; empty for all.
        cause: `unfinished`: a run is missing, not finished or failed; `data`: the halves differ in split
            or images; `code`: in the code of a plugin; `conditions`: they ran under other conditions, and that was
            asked to matter; `score`: one run logged no such metric.
    """

    train_ratio: float
    ablation: str
    seed: int
    reason: str
    metric: str = ""
    cause: Cause = "unfinished"
    fold: int | None = None


@dataclass(frozen=True, slots=True)
class UnlikePair:
    """A pair whose halves differ in more than they should.

    Attributes:
        fields: Columns that differ.
        said: The same in words.
        in_data: Whether split or images are among them.
        in_code: Whether the code of a plugin is.
    """

    train_ratio: float
    ablation: str
    seed: int
    fields: tuple[str, ...]
    said: str
    in_data: bool = False
    in_code: bool = False
    fold: int | None = None

    @property
    def breaks_pair(self) -> bool:
        """Whether the pair is left out by default."""
        return self.in_data or self.in_code


@dataclass(frozen=True, slots=True)
class Pair:
    """Two finished runs, and the fields in which they differ."""

    train_ratio: float
    ablation: str
    against_ablation: str
    seed: int
    model_run: str
    against_run: str
    unlike: tuple[str, ...] = ()
    fold: int | None = None


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of one comparison.

    Attributes:
        complete: Those that can be tested.
        dropped: All others of the grid.
        unlike: Those of `complete` and `dropped` whose runs differ in fields that should be equal.
        alone: Finished runs whose partner is not, by cell (train ratio, ablation): of the model
            and of the other. What an unpaired test is left with where no pair is complete.
    """

    complete: Sequence[Pair]
    dropped: Sequence[DroppedPair]
    unlike: Sequence[UnlikePair]
    alone: Mapping[tuple[float, str], tuple[Sequence[str], Sequence[str]]]

    @property
    def unfinished(self) -> Counter[tuple[float, str]]:
        """How many pairs of each cell (train ratio, ablation) wait for a run."""
        return Counter((pair.train_ratio, pair.ablation) for pair in self.dropped if pair.cause == "unfinished")


def pairs_by_cell(pairs: Iterable[Pair]) -> dict[tuple[float, str], list[Pair]]:
    """Pairs of each cell (train ratio, ablation), in their order; an empty list for cells without any."""
    by_cell: dict[tuple[float, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_cell[pair.train_ratio, pair.ablation].append(pair)
    return by_cell


RunRows = Mapping[tuple[str, float, str, int, int | None], RunRow]
"""Rows of `Collected.runs` by model, train ratio, ablation, seed and fold."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which complete pairs are tested.

    Attributes:
        strict: None whose halves ran under unlike conditions.
        differing: Also those whose halves differ in split, images or the code of a plugin.
    """

    strict: bool = False
    differing: bool = False


def rows_by_name(runs: pd.DataFrame) -> RunRows:
    """Rows of `Collected.runs`, indexed by what identifies a run."""
    rows = runs.to_dict("records")
    return {(str(r["model"]), float(r["train_ratio"]), str(r["ablation"]), int(r["seed"]), fold_of(r)): r for r in rows}


def fold_of(row: RunRow) -> int | None:
    """The fold of a row of `Collected.runs`; None without folds."""
    fold = row.get("fold")
    return None if fold is None or fold != fold else int(fold)


def pair_models(rows: RunRows, model: str, against: str, wanted: Wanted = Wanted()) -> Pairs:
    """Pair the runs of two models on everything but the model.

    Args:
        rows: All runs of the grid.
        model: Name of the first.
        against: Name of the second.
        wanted: Which pairs are tested.
    """
    keys = dict.fromkeys(key[1:] for key in rows if key[0] in (model, against))
    halves = [
        Halves(
            *key[:3],
            key[1],
            (model, rows.get((model, *key))),
            (against, rows.get((against, *key))),
            fold=key[3],
        )
        for key in keys
    ]
    return paired(halves, wanted)


def pair_ablations(
    rows: RunRows, model: str, ablations: Iterable[str], *, same_images: Collection[str] = (), wanted: Wanted = Wanted()
) -> Pairs:
    """Pair a model's runs under each ablation with those under `none`.

    Args:
        rows: All runs of the grid.
        model: Whose.
        ablations: All but `none`.
        same_images: Those that leave the images as they are. The others change them, so their digests
            cannot be compared; but one set of their images belongs to one set of those of `none`.
        wanted: Which pairs are tested.
    """
    chosen = set(ablations)
    halves = [
        Halves(
            ratio,
            ablation,
            seed,
            "none",
            (ablation, row),
            ("none", rows.get((model, ratio, "none", seed, fold))),
            frozenset(("epochs",) if ablation in same_images else ("epochs", "data_digest")),  # declared in the file
            fold,
        )
        for (name, ratio, ablation, seed, fold), row in rows.items()
        if name == model and ablation in chosen
    ]
    return paired(halves, wanted)


def paired(halves: Sequence[Halves], wanted: Wanted) -> Pairs:
    """Sort the pairs of a comparison into those that can be tested and those that cannot."""
    complete, dropped, unlike = [], [], []
    strangers = strangers_of(halves)
    alone: dict[tuple[float, str], tuple[list[RunRow], list[RunRow]]] = {}
    for both in halves:
        place = (both.train_ratio, both.ablation, both.seed)
        if both.rows is None:
            of_cell = alone.setdefault((both.train_ratio, both.ablation), ([], []))
            for (_, row), runs in zip((both.first, both.second), of_cell, strict=True):
                if row is not None and row["finished"]:
                    runs.append(row)
            dropped.append(DroppedPair(*place, "; ".join(both.reasons()), fold=both.fold))
            continue
        found = list(both.differences(strangers))
        fields, said = tuple(item.field for item in found), ", ".join(item.said for item in found)
        breaking = [item for item in found if item.breaks_pair]
        if found:
            in_data = any(item.in_data for item in breaking)
            unlike.append(UnlikePair(*place, fields, said, in_data, in_code=CODE in fields, fold=both.fold))
        if breaking and not wanted.differing:
            reason = ", ".join(item.said for item in breaking)
            cause: Cause = "data" if any(item.in_data for item in breaking) else "code"
            dropped.append(DroppedPair(*place, f"they differ in {reason}", cause=cause, fold=both.fold))
        elif found and wanted.strict:
            dropped.append(DroppedPair(*place, f"unlike in {said}", cause="conditions", fold=both.fold))
        else:
            a, b = (str(row["run_id"]) for row in both.rows)
            cell = (both.train_ratio, both.ablation, both.against_ablation)
            complete.append(Pair(*cell, both.seed, a, b, fields, both.fold))
    same = all("data_digest" not in both.may_differ for both in halves)
    return Pairs(complete, dropped, unlike, dict(_unpaired(alone, same_images=same, wanted=wanted)))


def _unpaired(
    alone: Mapping[tuple[float, str], tuple[Sequence[RunRow], Sequence[RunRow]]], *, same_images: bool, wanted: Wanted
) -> Iterator[tuple[tuple[float, str], tuple[Sequence[str], Sequence[str]]]]:
    """Run ids of runs without a partner, cell by cell; none where they differ in images or in code of a plugin."""
    for cell, sides in alone.items():
        groups = [[*sides[0], *sides[1]]] if same_images else sides
        mixed = any(len({row["data_digest"] for row in rows}) > 1 for rows in groups)
        suspect = any("data_digest" in changed(row) for rows in sides for row in rows)
        by_other_code = is_mixed([*sides[0], *sides[1]]) or any(CODE in changed(row) for rows in sides for row in rows)
        if wanted.differing or not (mixed or suspect or by_other_code):
            yield cell, ([str(row["run_id"]) for row in sides[0]], [str(row["run_id"]) for row in sides[1]])
