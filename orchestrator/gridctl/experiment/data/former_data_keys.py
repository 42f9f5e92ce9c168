"""`data.acdc` and `data.sunnybrook`, the keys of data sets in earlier versions."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from gridctl.errors import InputError
from gridctl.experiment.document import set_path
from gridctl.experiment.validation import Problems

PLACES: Final[Mapping[str, tuple[str, ...]]] = {"acdc": ("train",), "sunnybrook": ("external", "sunnybrook")}
"""By former key, which was also the name of the data set: its place now."""


def refuse_former_keys(tree: dict[str, Any], problems: Problems) -> dict[str, Any]:
    """Report for each former key what to write instead.

    Args:
        tree: The experiment file's content.
        problems: Receives a mistake for each.

    Returns:
        The content as it should have been written, so that other mistakes in it are reported too.
    """
    data = tree.get("data")
    if not isinstance(data, dict) or not PLACES.keys() & data.keys():
        return tree
    for key in PLACES.keys() & data.keys():
        place = ".".join(PLACES[key])
        problems.add(("data", key), f"data sets have names of their own now, and this one is data.{place}", _fix(key))
    return {**tree, "data": with_data_sets_named(data)}


def with_data_sets_named(data: Mapping[str, Any]) -> dict[str, Any]:
    """A `data` section with its former keys replaced; what it gives in both forms stays as it is."""
    changed = copy.deepcopy({key: value for key, value in data.items() if key not in PLACES})
    for key, place in PLACES.items():
        if data.get(key) is None:
            continue
        try:
            for name, value in (("path", data[key]), ("dataset", key)):
                set_path(changed, (*place, name), value, where="")
        except InputError:
            continue  # reported by the validation of that place
    return changed


def _fix(key: str) -> str:
    entry = f"{{dataset: {key}, path: PATH}}"
    first, *below = PLACES[key]
    for name in reversed(below):
        entry = f"{{{name}: {entry}}}"
    return f"write {first}: {entry}, and on the command line --set data.{'.'.join(PLACES[key])}.path=PATH"
