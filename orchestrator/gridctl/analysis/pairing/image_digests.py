"""Which runs of a grid must have read the same images, and whether they did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import pandas as pd

from gridctl.analysis.pairing.pair_differences import changed
from gridctl.analysis.wording import listed
from gridctl.experiment import Experiment
from gridctl_trainer.contract.spec import DataSpec

_DIGITS: Final = 8
"""Characters of a digest that are shown."""


def same_images(experiment: Experiment) -> set[str]:
    """Ablations that prepare their images as `none` does."""
    of_ablation = {run.ablation: _prepared(run.data) for run in experiment.runs}
    return {name for name, prepared in of_ablation.items() if prepared == of_ablation.get("none")}


def mixed_images(experiment: Experiment, runs: pd.DataFrame) -> Iterator[str]:
    """Whether the data changed while the grid was trained: one sentence for each way of preparing them.

    Args:
        experiment: Its ablations decide which runs prepare their images alike.
        runs: As `Collected.runs`; the finished ones count.
    """
    of_ablation = {run.ablation: run.data for run in experiment.runs}
    alike = {name: _prepared(data) for name, data in of_ablation.items()}
    finished = runs[runs["finished"]]
    for names in _grouped(alike):
        rows = finished[finished["ablation"].isin(names)]
        digests = Counter(rows["data_digest"])
        if len(digests) > 1:
            of = "" if len(set(alike.values())) == 1 else f" of {listed(names)}"
            parts = listed(
                [
                    f"{number} {'reads' if number == 1 else 'read'} images {digest[:_DIGITS]}"
                    for digest, number in digests.most_common()
                ]
            )
            yield f"the data changed between runs: of {len(rows)} finished runs{of}, {parts} (digests)"
    for row in finished[finished["changed"] != ""].to_dict("records"):
        if "data_digest" in changed(row) or "split_digest" in changed(row):
            yield f"the data changed while {row['run_id']} was trained: it was resumed on other images"


def _read(runs: int, digest: str) -> str:
    return f"{runs} {'reads' if runs == 1 else 'read'} images {digest[:_DIGITS]}"


def _prepared(data: DataSpec) -> str:
    """Everything that decides which images a model sees, except augmentation."""
    return str((data.places, data.target, data.size_px, data.preprocessing))


def _grouped(alike: Mapping[str, str]) -> Iterable[list[str]]:
    groups: dict[str, list[str]] = {}
    for name, prepared in alike.items():
        groups.setdefault(prepared, []).append(name)
    return groups.values()
