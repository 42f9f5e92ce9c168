"""Groups runs by what they have in common, so that it is checked only once. Without side effects."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.contract.spec.preprocessing import said_of_steps
from gridctl_trainer.plugins.model import options_of

Place = tuple[str, str, Hashable]
"""A data set as a run reads it: its name, where it lies, and how it is prepared."""

Key = TypeVar("Key", bound=Hashable)


def grouped(runs: Iterable[RunSpec], key: Callable[[RunSpec], Key]) -> dict[Key, list[RunSpec]]:
    """Group runs by a key, in the order of the first run of each group."""
    groups: dict[Key, list[RunSpec]] = {}
    for run in runs:
        groups.setdefault(key(run), []).append(run)
    return groups


def shape_of(run: RunSpec) -> Hashable:
    """All that decides whether a step works. Runs of one shape differ only in their images and names."""
    training = run.training
    batches = (training.batch_size, training.validation_batch_size, training.external_batch_size)
    policy = (training.deterministic, training.on_nonfinite, training.threads, training.learning_rate)
    updates = (training.loss, training.optimizer, training.schedule, training.gradient_clip_norm)
    images = (run.data.size_px, run.data.target, bool(run.data.external))
    return (run.network, batches, images, training.device, policy, updates)


def places_of(run: RunSpec) -> tuple[Place, ...]:
    """The data sets that a run reads, with the one that it trains on first."""
    how = (run.data.size_px, run.data.preprocessing, run.data.target, options_of(run.network).series_frames)
    return tuple(
        (found.dataset, found.path, (*how, found.version, canonical_json(dict(found.options))))
        for _, found in run.data.places
    )


def keys_of(run: RunSpec, place: Place) -> tuple[str, ...]:
    """The keys, below `data`, of the first data set of a run that is this place."""
    return next(keys for (keys, _), found in zip(run.data.places, places_of(run), strict=True) if found == place)


def preparation(run: RunSpec) -> str:
    """A short description of how a run's images are prepared, such as `176 px, no clahe, 6 frames`."""
    steps = [said.replace("no_", "no ", 1) for said in said_of_steps(run.data.preprocessing)]
    frames = options_of(run.network).series_frames
    series = [f"{frames} frames"] if frames > 1 else []
    return ", ".join([f"{run.data.size_px} px", *steps, *series])
