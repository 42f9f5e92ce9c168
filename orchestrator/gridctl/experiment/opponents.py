"""`against: [unet, resunet]`: one comparison that names several opponents is one comparison with each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridctl.experiment.validation import AddProblem


def with_opponents_apart(written: Any, report: AddProblem) -> Any:
    """The comparisons of a file, one for each opponent; anything but a list of them is refused elsewhere.

    Args:
        written: `compare` as a list.
        report: Gets an opponent named twice, and a family that would tear the opponents apart.
    """
    if not isinstance(written, list):
        return written
    made: list[Any] = []
    for item in written:
        opponents = _opponents(item)
        first = len(made)
        made += [item] if opponents is None else [{**item, "against": name} for name in opponents]
        for place, name in enumerate(opponents or ()):
            if name in (opponents or ())[:place]:
                report(("compare", first + place, "against"), f"'{name}' appears more than once")
        if opponents is not None and len(opponents) > 1 and item.get("family") == "comparison":
            report(
                ("compare", first, "family"),
                "several opponents are corrected together, and a family of one `comparison` has one opponent",
                "leave the key out: all comparisons of models by a score are one family; or write family: experiment",
            )
    return made


def number_of_comparisons(written: Any) -> int:
    """How many comparisons a file asks for, one for each opponent."""
    items = written if isinstance(written, list) else [written]
    return sum(1 if (names := _opponents(item)) is None else len(names) for item in items)


def written_place(written: Any, index: int) -> tuple[int, int | None]:
    """Where a comparison was written.

    Args:
        written: `compare` as the file has it: a mapping, or a list of them.
        index: Of the comparison, when opponents are apart.

    Returns:
        The index of what was written, and the place of the opponent in its list; None where it names one.
    """
    places = list(_places(written if isinstance(written, list) else [written]))
    return places[index] if index < len(places) else (index, None)


def _places(written: Sequence[Any]) -> Iterator[tuple[int, int | None]]:
    for at, item in enumerate(written):
        opponents = _opponents(item)
        if opponents is None:
            yield at, None
        else:
            yield from ((at, place) for place in range(len(opponents)))


def _opponents(item: Any) -> list[Any] | None:
    """The opponents of a list that has any; None where one is named, or none."""
    names = item.get("against") if isinstance(item, Mapping) else None
    return list(names) if isinstance(names, list) and names else None
