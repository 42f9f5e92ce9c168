"""Finds patients who share images, by digests of the images and whatever the files are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Generic, TypeVar

LEAST_SHARED: Final = 0.5
"""Two patients are copies if they have at least this share of the images of the one with fewer in common."""

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Shared(Generic[Key]):
    """Two patients who have images in common.

    Attributes:
        one: The patient who was given first.
        other: The patient who was given later.
        images: Number of images that both have.
        of: Number of images of the patient who has fewer.
    """

    one: Key
    other: Key
    images: int
    of: int

    @property
    def are_copies(self) -> bool:
        """Whether both are the same scan, rather than merely sharing some images."""
        return self.images >= LEAST_SHARED * self.of


def shared_images(pictures: Mapping[Key, Iterable[str]]) -> list[Shared[Key]]:
    """Find all pairs of patients with images in common.

    Args:
        pictures: Digests of each patient's images; empty digests, of blank images, do not count.
    """
    distinct = {key: {digest for digest in digests if digest} for key, digests in pictures.items()}
    holders: dict[str, list[Key]] = defaultdict(list)
    for key, digests in distinct.items():
        for digest in digests:
            holders[digest].append(key)
    common: dict[tuple[Key, Key], int] = defaultdict(int)
    for keys in holders.values():
        for pair in combinations(keys, 2):
            common[pair] += 1
    order = {key: number for number, key in enumerate(distinct)}
    return [
        Shared(one, other, images, min(len(distinct[one]), len(distinct[other])))
        for (one, other), images in sorted(common.items(), key=lambda item: (order[item[0][0]], order[item[0][1]]))
    ]
