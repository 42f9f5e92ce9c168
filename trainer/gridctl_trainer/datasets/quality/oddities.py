"""Findings about a data set that do not prevent it from being read."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Oddity:
    """One finding that a person should know before training.

    Attributes:
        what: What is odd, in one sentence.
        where: The file or folder.
        wrong: Whether training or scores would be wrong; otherwise it is only worth knowing.
    """

    what: str
    where: str
    wrong: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class StructureOddity(Oddity):
    """A finding that makes the masks of some structures wrong but does not affect the others.

    Attributes:
        about: The affected structures.
    """

    about: tuple[str, ...] = ()


Notice = Callable[[Oddity], None]
"""Called with every oddity as it is found."""


def ignore(_oddity: Oddity) -> None:
    """Discard an oddity."""


def settled(oddity: Oddity, target: Collection[str]) -> Oddity:
    """Judge an oddity for a certain target: if it affects other structures only, it is merely worth knowing."""
    if not isinstance(oddity, StructureOddity):
        return oddity
    return Oddity(oddity.what, oddity.where, oddity.wrong and not set(oddity.about).isdisjoint(target))
