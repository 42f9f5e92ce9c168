"""What a changed experiment file means for stored runs: which runs are new now, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gridctl.collection.gathered import Gathered, gather
from gridctl.collection.specifications import StoredSpecifications, differences
from gridctl.commands.submission.reuse_epochs import Reuse, reusable
from gridctl_trainer.contract.layout import RunLayout, checkpoint_of, run_of
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store

_HASH_AND_HYPHEN: Final = 9


@dataclass(frozen=True, slots=True)
class Change:
    """Runs that are new because some fields differ from the stored runs of the same cells.

    Attributes:
        fields: By path: the value in the store's runs, and the one that is wanted.
        runs: Ids of the new ones.
        stored: How many stored runs they replace.
        done: How many of those are finished.
        seconds: Training time of those.
        gpu_seconds: The part of it on a GPU.
        reuse: By the new run's id, what it can go on from.
    """

    fields: Mapping[str, tuple[Any, Any]]
    runs: tuple[str, ...]
    stored: int
    done: int
    seconds: float
    gpu_seconds: float
    reuse: Mapping[str, Reuse]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "fields": {path: {"stored": old, "wanted": new} for path, (old, new) in self.fields.items()},
            "runs": list(self.runs),
            "stored": self.stored,
            "done": self.done,
            "gpu_hours": round(self.gpu_seconds / 3600, 4),
            "hours": round(self.seconds / 3600, 4),
            "reusable": {run_id: {"run": reuse.run_id, "epochs": reuse.epochs} for run_id, reuse in self.reuse.items()},
        }


def find_changes(
    store: Store, wanted: Sequence[RunSpec], collected: Gathered, stored: StoredSpecifications
) -> list[Change]:
    """Why runs not begun yet differ from the stored ones of the same model, ratio, ablation and seed.

    Args:
        store: Where they are.
        wanted: Runs about to be created.
        collected: What the store holds of the grid.
        stored: Specifications of the experiment's runs.

    Raises:
        StoreError: The store cannot be reached.
    """
    begun = {str(row["run_id"]) for row in collected.rows if row["attempts"] and not row["copied_from"]}
    new = [run for run in wanted if run.run_id not in begun]
    if not new:
        return []
    keys: dict[str, list[str]] = defaultdict(list)
    for stat in collected.listed:
        if layout := run_of(stat.key):
            keys[layout.run_id].append(stat.key)
    new = [run for run in new if not _has_checkpoint(run, keys.get(run.run_id, ()))]
    for row in collected.rows:
        keys.pop(str(row["run_id"]), None)
    if not new or not keys:
        return []
    by_cell: dict[str, list[RunSpec]] = defaultdict(list)
    cells = {_cell(run.run_id) for run in new}
    for old in stored.read([run_id for run_id in keys if _cell(run_id) in cells]):
        by_cell[_cell(old.run_id)].append(old)
    compared = [(run, old) for run in new for old in by_cell[_cell(run.run_id)]]
    return _changes(store, compared, keys) if compared else []


def _changes(
    store: Store, compared: Sequence[tuple[RunSpec, RunSpec]], keys: Mapping[str, Sequence[str]]
) -> list[Change]:
    """One change for each set of fields that differ; of several stored runs of a cell, the most similar counts."""
    rows = {
        str(row["run_id"]): row for row in gather(store, list({old.run_id: old for _, old in compared}.values())).rows
    }
    nearest: dict[str, tuple[RunSpec, RunSpec]] = {}
    for run, old in sorted(compared, key=lambda pair: (len(differences(pair[1], pair[0])), not _done(rows, pair[1]))):
        nearest.setdefault(run.run_id, (run, old))
    alike: dict[str, list[tuple[RunSpec, RunSpec]]] = defaultdict(list)
    for run, old in nearest.values():
        alike[repr(differences(old, run))].append((run, old))
    found = []
    for pairs in alike.values():
        olds = {old.run_id: rows[old.run_id] for _, old in pairs}
        done = [row for row in olds.values() if row["finished"]]
        reuse = {run.run_id: reusable(store, run, old, keys[old.run_id]) for run, old in pairs}
        found.append(
            Change(
                fields=differences(pairs[0][1], pairs[0][0]),
                runs=tuple(run.run_id for run, _ in pairs),
                stored=len(olds),
                done=len(done),
                seconds=sum(float(row["busy_seconds"]) for row in olds.values()),
                gpu_seconds=sum(
                    float(row["busy_seconds"]) for row in olds.values() if str(row["device"]).startswith("cuda")
                ),
                reuse={run_id: possible for run_id, possible in reuse.items() if possible is not None},
            )
        )
    return found


def _cell(run_id: str) -> str:
    return run_id[:-_HASH_AND_HYPHEN]


def _done(rows: Mapping[str, Mapping[Any, Any]], run: RunSpec) -> bool:
    return bool(rows[run.run_id]["finished"])


def _has_checkpoint(run: RunSpec, keys: Sequence[str]) -> bool:
    """Whether a run has a checkpoint of its own; without one, an interrupted copy of another's is repeated."""
    layout = RunLayout(run.experiment, run.run_id)
    names = filter(None, map(checkpoint_of, keys))
    return any(layout.checkpoint_manifest(name) in keys for name in names)
