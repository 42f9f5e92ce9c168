"""Finished runs that were made by other code of a plugin than is installed here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridctl.analysis.pairing.plugin_code import codes_of
from gridctl.collection.gathered import Gathered
from gridctl_trainer.contract.records.plugin_provenance import PluginProvenance
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.plugins.used import plugins_of, used_by


@dataclass(frozen=True, slots=True)
class OtherCode:
    """One plugin, as it was in finished runs, and as it is here.

    Attributes:
        then: The code that made them.
        now: What is installed here.
        runs: Ids of these runs.
    """

    then: PluginProvenance
    now: PluginProvenance
    runs: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"then": self.then.model_dump(), "now": self.now.model_dump(), "runs": list(self.runs)}


def find_other_code(runs: Sequence[RunSpec], collected: Gathered) -> list[OtherCode]:
    """For each plugin installed here, the finished runs that were made by other code of it.

    Args:
        runs: The grid.
        collected: What its store holds.
    """
    finished = [row for row in collected.rows if row["finished"] and row["plugins"]]
    if not finished:
        return []
    here = _installed(runs)
    made: dict[tuple[PluginProvenance, PluginProvenance], list[str]] = defaultdict(list)
    for row in finished:
        for plugin, then in codes_of(str(row["plugins"])).items():
            now = here.get(plugin)
            if now is not None and now.code != then.code:
                made[then, now].append(str(row["run_id"]))
    return [OtherCode(then, now, tuple(ids)) for (then, now), ids in made.items()]


def _installed(runs: Sequence[RunSpec]) -> Mapping[tuple[str, str], PluginProvenance]:
    """The installed code of the plugins of a grid; a plugin without package and source is left out."""
    kinds = {used_by(run): run for run in runs}
    return {item.plugin: item for run in kinds.values() for item in _known(run)}


def _known(run: RunSpec) -> Iterator[PluginProvenance]:
    return (item for item in plugins_of(run) if item.version or item.source_digest)
