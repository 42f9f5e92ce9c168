"""What is odd about a data set but does not keep it from being read."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Oddity:
    """One thing a person should know before training.

    Attributes:
        what: What is odd, in one sentence.
        where: The file or folder.
        wrong: Whether training or scores would be wrong; else it is only worth knowing.
    """

    what: str
    where: str
    wrong: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class StructureOddity(Oddity):
    """One that makes the masks of some structures wrong, and leaves the others as they are.

    Attributes:
        about: Those structures.
    """

    about: tuple[str, ...] = ()


Notice = Callable[[Oddity], None]
"""Told of every oddity as it is found."""


def ignore(_oddity: Oddity) -> None:
    """A notice that nobody reads."""


def settled(oddity: Oddity, target: Collection[str]) -> Oddity:
    """An oddity as it counts for who segments these structures: one about others is only worth knowing."""
    if not isinstance(oddity, StructureOddity):
        return oddity
    return Oddity(oddity.what, oddity.where, oddity.wrong and not set(oddity.about).isdisjoint(target))
