"""What is odd about a data set but does not keep it from being read."""

from __future__ import annotations

from collections.abc import Callable
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


Notice = Callable[[Oddity], None]
"""Told of every oddity as it is found."""


def ignore(_oddity: Oddity) -> None:
    """A notice that nobody reads."""
