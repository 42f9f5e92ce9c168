"""Finished runs of a store that are not in the grid, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from gridctl.collection.specifications import StoredSpecifications, differences
from gridctl_trainer.contract.spec import RunSpec

_AXES: Final = {"model": "model", "train_ratio": "train ratio", "ablation": "ablation", "fold": "fold", "seed": "seed"}
_MOST_READ: Final = 500
_MOST_SHOWN: Final = 5


def bring_back(them: str = "them") -> str:
    """The command that shows runs again that are not in the grid submitted last."""
    return (
        f"`gridctl submit FILE` with the earlier values (without `--set`, if that changed them) shows {them} again, "
        "and does not train finished runs again"
    )


def outside_grid(stored: StoredSpecifications, runs: Sequence[RunSpec], others: Sequence[str]) -> str:
    """Why finished runs of the store are not in a grid.

    Args:
        stored: What the store has of the experiment.
        runs: The grid.
        others: Ids of finished runs that it does not hold.

    Returns:
        Such as `training.epochs was 10, is 12; seeds 44, 45 are not in it`; empty where nothing can be said.
    """
    held = {axis: {getattr(run, axis) for run in runs} for axis in _AXES}
    any_of = {(run.model, run.ablation): run for run in runs}  # they differ only in their place in the grid
    lacking: dict[str, dict[Any, None]] = {axis: {} for axis in _AXES}
    changed: dict[str, None] = {}
    for other in stored.read(others[:_MOST_READ]):
        for axis in _AXES:
            if getattr(other, axis) not in held[axis]:
                lacking[axis][getattr(other, axis)] = None
        if alike := any_of.get((other.model, other.ablation)):
            for path, (old, new) in differences(other, alike).items():
                if path not in _AXES:
                    changed[f"{path} was {shown(old)}, is {shown(new)}"] = None
    said = list(changed)[:_MOST_SHOWN]
    if len(changed) > _MOST_SHOWN:
        said.append(f"{len(changed) - _MOST_SHOWN} more values changed")
    for axis, values in lacking.items():
        if values:
            named = ", ".join(map(shown, list(values)[:_MOST_SHOWN])) + (", ..." if len(values) > _MOST_SHOWN else "")
            many = len(values) > 1
            said.append(f"{_AXES[axis]}{'s' if many else ''} {named} {'are' if many else 'is'} not in it")
    return "; ".join(said)


def shown(value: Any) -> str:
    """A value as an experiment file has it."""
    if value is None:
        return "not given"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)
