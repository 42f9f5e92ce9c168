"""Makes pairs of masks to measure surfaces on: random ones of every awkward kind, and masks of real patients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gridctl_trainer.dataset_check.check import find_sets
from gridctl_trainer.datasets.quality.oddities import ignore
from gridctl_trainer.metrics.base import CaseVolume

Mask = NDArray[np.bool_]
KINDS = ("noise", "one voxel", "ball", "several balls", "at the border", "full", "one slice")
SPACINGS_MM = ((10.0, 1.5625, 1.5625), (5.0, 1.3, 1.7), (1.0, 1.0, 1.0), (8.0, 0.4, 2.0), (0.8, 2.0, 3.1))
"""Spacing of slices, rows and columns."""


@dataclass(frozen=True)
class Pair:
    """Two nonempty masks.

    Attributes:
        name: Name by which to find the pair again.
        predicted, truth: (S, H, W) masks.
        spacing_mm: Spacing along each axis.
    """

    name: str
    predicted: Mask
    truth: Mask
    spacing_mm: tuple[float, float, float]

    @property
    def volume(self) -> CaseVolume:
        slices, rows, columns = self.spacing_mm
        return CaseVolume(self.predicted, self.truth, (rows, columns, slices), np.arange(len(self.truth)))


def random_pairs(count: int, seed: int = 0) -> Iterator[Pair]:
    rng = np.random.default_rng(seed)
    for number in range(count):
        shape = tuple(int(side) for side in rng.integers(1, (7, 22, 22)))
        kinds = [KINDS[int(rng.integers(len(KINDS)))] for _ in range(2)]
        masks = [random_mask(kind, shape, rng) for kind in kinds]
        yield Pair(f"{number} {kinds[0]}, {kinds[1]}", masks[0], masks[1], SPACINGS_MM[number % len(SPACINGS_MM)])


def random_mask(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> Mask:
    mask = np.zeros(shape, dtype=bool)
    if kind == "noise":
        mask = rng.random(shape) < rng.choice([0.02, 0.3, 0.7])
    elif kind == "full":
        mask[:] = True
    elif kind == "one slice":
        mask[int(rng.integers(shape[0]))] = True
    elif kind == "at the border":
        mask[:, : max(shape[1] // 2, 1)] = True
    elif "ball" in kind:
        for _ in range(3 if kind == "several balls" else 1):
            centre, radius = rng.random(3) * shape, 0.5 + rng.random() * 5
            places = np.indices(shape).transpose(1, 2, 3, 0)
            mask |= (((places - centre) / np.array([0.4, 1, 1])) ** 2).sum(-1) < radius**2
    if not mask.any():
        mask[tuple(int(rng.integers(side)) for side in shape)] = True
    return mask


def real_pairs(root: Path, every: int = 1) -> Iterator[Pair]:
    """For every n-th patient and structure, end-systole against end-diastole, which differ like bad predictions."""
    for kind, (_, sources) in find_sets(root).items():
        for source in sources[::every]:
            slices = source.read(1, ignore)
            masks = {(item.phase, item.index, name): mask > 0 for item in slices for name, mask in item.masks.items()}
            for structure in sorted({name for *_, name in masks}):
                both = [index for time, index, name in masks if (time, name) == ("ED", structure)]
                both = sorted(index for index in both if ("ES", index, structure) in masks)
                if not both:
                    continue
                predicted, truth = (
                    np.stack([masks[time, index, structure] for index in both]) for time in ("ES", "ED")
                )
                rows, columns, deep = slices[0].spacing_mm
                if predicted.any() and truth.any() and deep:
                    yield Pair(f"{kind} {source.patient} {structure}", predicted, truth, (deep, rows, columns))
