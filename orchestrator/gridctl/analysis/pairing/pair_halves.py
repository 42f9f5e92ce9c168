"""The two runs of a pair, whether or not both exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gridctl.analysis.pairing.pair_differences import Difference, RunRow, differences
from gridctl_trainer.contract import exit_codes

_MESSAGE_LENGTH: Final = 80


@dataclass(frozen=True, slots=True)
class Halves:
    """One pair of the grid.

    Attributes:
        against_ablation: Of the second half; `ablation` is the first one's.
        first, second: Name of each, and its row of `Collected.runs`; None if the grid has none.
        may_differ: Columns in which they are allowed to differ.
    """

    train_ratio: float
    ablation: str
    seed: int
    against_ablation: str
    first: tuple[str, RunRow | None]
    second: tuple[str, RunRow | None]
    may_differ: frozenset[str] = frozenset()
    fold: int | None = None

    @property
    def rows(self) -> tuple[RunRow, RunRow] | None:
        """Of both, if both are finished."""
        a, b = self.first[1], self.second[1]
        return (a, b) if a is not None and b is not None and a["finished"] and b["finished"] else None

    @property
    def images(self) -> tuple[str, ...]:
        """Digests of the images that both read."""
        return tuple(str(row["data_digest"]) for row in self.rows or ())

    def reasons(self) -> Iterator[str]:
        """Why it cannot be tested."""
        for name, row in (self.first, self.second):
            if reason := _why_not(name, row):
                yield reason

    def differences(self, strangers: Collection[tuple[str, ...]]) -> Iterator[Difference]:
        """What its runs differ in, both finished; `strangers` as `strangers_of` finds them."""
        assert self.rows is not None
        first, second = ((half[0], row) for half, row in zip((self.first, self.second), self.rows, strict=True))
        yield from differences(first, second, but=self.may_differ)
        if self.images in strangers:
            yield Difference("data_digest", "the images, which are of other data than those of the other pairs")


def strangers_of(halves: Sequence[Halves]) -> set[tuple[str, ...]]:
    """Combinations of images that cannot stem from the same data as the most frequent combination."""
    found: set[tuple[str, ...]] = set()
    for ablation in dict.fromkeys(both.ablation for both in halves if "data_digest" in both.may_differ):
        counted = Counter(both.images for both in halves if both.ablation == ablation and both.rows is not None)
        known: tuple[set[str], set[str]] = (set(), set())
        for images, _ in counted.most_common():
            if images[0] in known[0] or images[1] in known[1]:
                found.add(images)
            else:
                known[0].add(images[0])
                known[1].add(images[1])
    return found


def _why_not(name: str, row: RunRow | None) -> str:
    if row is None:
        return f"{name} is not in the grid"
    if row["finished"]:
        return ""
    progress = f"at epoch {row['epochs_done']} of {row['epochs']}"
    if row["exit_code"] in (exit_codes.BUG, *exit_codes.NEVER_RETRIED):
        message = str(row["message"]).partition("\n")[0]
        short = message if len(message) <= _MESSAGE_LENGTH else f"{message[: _MESSAGE_LENGTH - 1]}…"
        return f"{name} failed {progress}{f': {short}' if short else ''}"
    return f"{name} is {progress}" if row["epochs_done"] else f"{name} has no epoch yet"
