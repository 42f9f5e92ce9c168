"""Failures that say what went wrong, where, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.secrets import masked

SHOWN_PROBLEMS: Final = 20
"""How many mistakes are shown at once; the rest are only counted."""


def shortened(text: str, length: int = 200) -> str:
    """The text cut to this many characters, followed by `...` and how many were cut."""
    return text if len(text) <= length else f"{text[:length]}... ({len(text) - length:,} more characters)"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake, as shown to the user.

    Attributes:
        what: What is wrong, in one sentence.
        where: `file:line`, a file, or the path of a field; empty if there is none.
        fix: What to do next; empty if there is nothing to add.
    """

    what: str
    where: str = ""
    fix: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  {self.fix}" if self.fix else text


def first_shown(problems: Sequence[object]) -> list[str]:
    """The first problems as text, followed by how many more there are."""
    said = [str(problem) for problem in problems[:SHOWN_PROBLEMS]]
    more = len(problems) - len(said)
    return [*said, *([f"... and {more:,} more"] if more else [])]


class Fault(Exception):
    """Base class of every failure that is reported without a traceback.

    It carries every problem found, not only the first, so that a file can be fixed in one round. It never contains a
    secret.
    """

    exit_code: ClassVar[int] = exit_codes.BUG

    def __init__(self, what: str | Iterable[Problem], *, where: object = "", fix: str = "") -> None:
        if isinstance(what, str):
            self.problems: tuple[Problem, ...] = (Problem(what, str(where), fix),)
        else:
            self.problems = tuple(what)
        self.problems = tuple(Problem(masked(p.what), masked(p.where), masked(p.fix)) for p in self.problems)
        super().__init__("\n".join(first_shown(self.problems)))

    @classmethod
    def collect(cls, faults: Iterable[Fault]) -> Self:
        """Join the problems of several faults into one."""
        return cls(problem for fault in faults for problem in fault.problems)


class SpecError(Fault):
    """A run's specification is not valid. Never retried."""

    exit_code = exit_codes.BAD_SPEC


class DataError(Fault):
    """A data file is missing, unreadable or wrong. Never retried; `where` names the file."""

    exit_code = exit_codes.BAD_DATA


class StoreError(Fault):
    """The store cannot be reached or refused a request. Retried: the next attempt may succeed.

    Attributes:
        passing: Whether waiting may help: the store is overloaded or unreachable, or the credentials have expired. A
            wrong name or key stays wrong.
        doubtful: Whether a wrong setting is as likely as an outage, such as a host name that does not resolve.
    """

    def __init__(
        self,
        what: str | Iterable[Problem],
        *,
        where: object = "",
        fix: str = "",
        passing: bool = False,
        doubtful: bool = False,
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.passing = passing
        self.doubtful = doubtful


class LocationError(StoreError):
    """A text does not name a store, data set or folder as it should. Never retried."""

    exit_code = exit_codes.BAD_SPEC


class StoreRefusedError(StoreError):
    """The store refused permanently before anything was trained: the settings are wrong, and a retry would not help."""

    exit_code = exit_codes.STORE_REFUSED


class RefusedObjectError(StoreError):
    """The server will never accept this object or this kind of request; waiting does not help."""


class DamagedObjectError(StoreError):
    """An object does not match its checksum, however often it is read."""


class NotAnObjectError(StoreError):
    """What is at this key is not one of gridctl's objects: a folder, a pipe, or far too large."""


class NotFoundError(StoreError):
    """There is no object at this key."""


class MetricLogError(Fault):
    """A metric log is unreadable, or a score in it is not a finite number."""
