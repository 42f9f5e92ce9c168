"""The file of `data.split`: read once, with the experiment; its content then becomes part of the runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gridctl.errors import InputError
from gridctl.experiment.validation import Problems
from gridctl.experiment.yaml_text.plain_values import plain
from gridctl_trainer.contract.errors import LocationError
from gridctl_trainer.contract.location import read_folder
from gridctl_trainer.contract.spec import SplitParts, SplitSpec
from gridctl_trainer.contract.wording import problem_text

_MOST_BYTES: Final = 1 << 20
_NAMES: Final = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
"""Keys of a part, including nnU-Net's."""

_FORM: Final = (
    "it holds {train: [...], validation: [...], test: [...]}, a list of such for several folds, or is nnU-Net's "
    "splits_final.json"
)


def with_split_read(tree: dict[str, Any], problems: Problems) -> dict[str, Any]:
    """The experiment's content with the parts of its split, and with the defaults that hold under one.

    Args:
        tree: The experiment file's content, in plain dicts, lists and scalars.
        problems: Receives the mistakes in the split file, and folds that do not exist.
    """
    data = tree.get("data")
    split = data.get("split") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(split, dict):
        if "folds" in tree:
            problems.add(
                ("folds",), "there is no data.split, so there are no folds", "give data.split: {folds: NUMBER}"
            )
        return tree
    if isinstance(split.get("file"), str) and not split.get("parts"):
        try:
            split = {**split, "parts": read_split(split["file"])}
        except LocationError as error:
            problems.add(("data", "split", "file"), error.problems[0].what, _FORM)
            return tree
        except InputError as error:
            problem = error.problems[0]
            problems.add(("data", "split", "file"), f"{problem.where}: {problem.what}", problem.fix)
            return tree
    made = {**tree, "data": {**data, "split": split}}
    if {"file", "folds", "parts"} & split.keys():  # else the ratio decides who validates
        made.setdefault("train_ratios", [1.0])
    _check_folds(made, split, problems)
    return made


def folds_of(split: SplitSpec | None, wanted: tuple[int, ...]) -> tuple[int | None, ...]:
    """The folds of a grid; a single None without folds."""
    folds = split.number_of_folds if split else None
    return (None,) if folds is None else wanted or tuple(range(folds))


def read_split(text: str) -> list[dict[str, Any]]:
    """The parts that a file names, one set per fold.

    Raises:
        InputError: It cannot be read, or is not a split.
        LocationError: The text names no file.
    """
    path = read_folder(text, "data.split.file")
    content = _content(path)
    items = content if isinstance(content, list) else [content]
    if not items:
        raise InputError("it is empty", where=path, fix=_FORM)
    found = []
    for number, item in enumerate(items):
        fold = f"fold {number}: " if isinstance(content, list) else ""
        if not isinstance(item, Mapping) or (unknown := [key for key in item if key not in _NAMES]):
            said = f"unknown part '{unknown[0]}'" if isinstance(item, Mapping) else "this is not a mapping of parts"
            raise InputError(f"{fold}{said}", where=path, fix=_FORM)
        named = {_NAMES[str(key)]: [str(one) for one in ids] for key, ids in item.items() if isinstance(ids, list)}
        try:
            found.append(SplitParts.model_validate(named).model_dump(mode="json"))
        except ValidationError as error:
            item_error = error.errors()[0]
            part = ".".join(map(str, item_error["loc"]))
            raise InputError(
                f"{fold}{f'{part}: ' if part else ''}{problem_text(item_error)}", where=path, fix=_FORM
            ) from None
    return found


def _content(path: Path) -> Any:
    try:
        if not path.is_file():
            raise InputError("there is no such file", where=path, fix=_FORM)
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", where=path) from None
    if len(text) > _MOST_BYTES:
        raise InputError(f"it has more than {_MOST_BYTES:,} bytes", where=path, fix=_FORM)
    try:
        return plain(YAML(typ="safe", pure=True).load(text.decode("utf-8")))
    except (YAMLError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"neither JSON nor YAML: {str(error).splitlines()[0]}", where=path, fix=_FORM) from None


def _check_folds(tree: Mapping[str, Any], split: Mapping[str, Any], problems: Problems) -> None:
    wanted = tree.get("folds")
    if not isinstance(wanted, list) or not wanted:
        return
    parts = split.get("parts")
    there = split.get("folds") or (len(parts) if isinstance(parts, list) and len(parts) > 1 else None)
    for index, fold in enumerate(wanted):
        if isinstance(fold, int) and isinstance(there, int) and fold >= there:
            problems.add(("folds", index), f"there is no fold {fold}", f"folds are numbered from 0 to {there - 1}")
    if there is None:
        problems.add(("folds",), "data.split has no folds", "leave folds out")
