"""Published studies by name, and which of their tables and figures an experiment may say that it `reproduces`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, Final

from gridctl.experiment.validation import Problems
from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.suggest import did_you_mean

STUDIES: Final[dict[str, str]] = {
    "li2020": "gridctl.studies.li2020:STUDY",
}
"""Place of the `Study` of each name. As text: studies are a layer above this module."""


@dataclass(frozen=True, slots=True)
class Study:
    """A published study, light enough to check an experiment file with.

    Attributes:
        items: Its tables and figures, such as `table-5.1`.
        comparison: `package.module:Name` of a callable that takes some of its items and returns a
            `gridctl.report.study.StudyComparison`.
    """

    items: tuple[str, ...]
    comparison: str


def registered_studies() -> Mapping[str, Study]:
    """Every study by its name."""
    return {name: resolve_name(place) for name, place in STUDIES.items()}


def known_items() -> Mapping[str, tuple[str, str]]:
    """Values of `reproduces`, and the study and item of each.

    An item that two studies have is written `STUDY/ITEM`.
    """
    studies = registered_studies()
    having: dict[str, list[str]] = {}
    for name, study in studies.items():
        for item in study.items:
            having.setdefault(item, []).append(name)
    return {
        item if len(having[item]) == 1 else f"{name}/{item}": (name, item)
        for name, study in studies.items()
        for item in study.items
    }


def reproduced_items(reproduces: tuple[str, ...]) -> Iterator[tuple[Study, str, list[str]]]:
    """Each study of which an experiment reproduces something, its name, and which of its items."""
    if not reproduces:
        return
    known = known_items()
    by_study: dict[str, list[str]] = {}
    for written in reproduces:
        name, item = known[written]
        by_study.setdefault(name, []).append(item)
    studies = registered_studies()
    for name, items in by_study.items():
        yield studies[name], name, items


def check_reproduced(written: Any, problems: Problems) -> None:
    """Report each item under `reproduces` that no study has.

    Args:
        written: What the file has there; anything but a list of text is refused elsewhere.
        problems: Receives the mistakes.
    """
    if not isinstance(written, list) or not written:
        return
    known = known_items()
    for index, item in enumerate(written):
        if isinstance(item, str) and item not in known:
            alike = [full for full, (_, short) in known.items() if short == item]
            fix = f"write {' or '.join(alike)}" if alike else did_you_mean(item, known)
            problems.add(("reproduces", index), f"unknown value {shortened(repr(item))}", fix)
