"""Whether the first runs that ended failed for one reason, so that the others would too: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

NEEDED: Final = 3
"""This many failures with one message, and no success, are not a coincidence."""

_RUN: Final = (re.compile(r"\b[a-z0-9][-a-z0-9]*-s\d+-[0-9a-f]{8}\b"), "RUN")
_HEX: Final = (re.compile(r"\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b"), "HEX")
_VARYING: Final = (
    _RUN,
    (re.compile(r"(?:[a-z][a-z0-9+.-]*://|\.{0,2}/)[^\s:,;()]+|\b[\w.-]+(?:/[\w.-]+)+"), "PATH"),
    _HEX,
    (re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"), "N"),
)
"""Parts in which two messages about one cause may differ: run ids, paths and URLs, digests, numbers."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that is over, or has shown that it trains.

    Attributes:
        run_id: The run.
        model: Its model.
        message: Why it failed, for a person; empty if it did not.
        exit_code: Of its process, where that is known.
    """

    run_id: str
    model: str
    message: str = ""
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class SharedCause:
    """The reason that several failed runs share.

    Attributes:
        runs: Their ids, in the order given.
        message: That of the first one.
        model: The model that all of them have, if others might do better; empty if it concerns every model.
    """

    runs: tuple[str, ...]
    message: str
    model: str = ""

    def concerns(self, model: str) -> bool:
        """Whether a run of this model that has not started yet would fail for it as well."""
        return not self.model or self.model == model

    def __str__(self) -> str:
        of_model = f" of {self.model}" if self.model else ""
        return f"the first {len(self.runs)} runs{of_model} failed for the same reason: {self.message}"


def shared_cause(ended: Iterable[Ended], models: Iterable[str]) -> SharedCause | None:
    """The cause that the first failures share; None if they share none, are too few, or some run succeeded.

    Failures of one model say nothing about another: then only runs of that model are concerned.

    Args:
        ended: Runs that failed, were finished or trained an epoch, in the order of that.
        models: Of the experiment.
    """
    known = list(ended)
    failures = [item for item in known if item.message]
    by_cause: dict[tuple[int | None, str], list[Ended]] = {}
    for item in failures:
        by_cause.setdefault((item.exit_code, normalised(item.message)), []).append(item)
    for alike in by_cause.values():
        if len(alike) < NEEDED:
            continue
        affected = {item.model for item in alike}
        own = len(affected) == 1 and len(set(models)) > 1
        if not any(not item.message and (not own or item.model in affected) for item in known):
            return SharedCause(tuple(item.run_id for item in alike), alike[0].message, affected.pop() if own else "")
    return None


def normalised(message: str) -> str:
    """The first line of a message without the parts that differ from run to run."""
    text = message.partition("\n")[0].lower()
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text


def without_run(message: str) -> str:
    """A message without what identifies one run: its id, also in paths, and digests. Numbers stay."""
    for pattern, word in (_RUN, _HEX):
        message = pattern.sub(word, message)
    return message
