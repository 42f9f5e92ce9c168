"""Checks the data sets of an experiment: whether they are installed, take their options, and label its structures."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from gridctl.experiment.document import Document, Location
from gridctl.experiment.validation import Problems
from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.contract.suggest import did_you_mean
from gridctl_trainer.plugins.class_path import is_class_path, is_well_formed
from gridctl_trainer.plugins.dataset import DATASETS, DatasetDescriptor, options_of, structures_of
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.options import differing_options


def with_data_sets_checked(data: Any, problems: Problems) -> Any:
    """The `data` section with the declared version of each data set; data sets named by a path are not imported here.

    Args:
        data: As written, in plain dicts, lists and scalars.
        problems: Receives the mistakes in data sets and their options.
    """
    if not isinstance(data, dict):
        return data
    made = copy.deepcopy(data)
    for keys, written in _written(made):
        with contextlib.suppress(ValidationError):  # reported by the validation of the section
            given = DatasetSpec.model_validate(written)
            at: Location = ("data", *keys)
            if is_class_path(given.dataset):
                if not is_well_formed(given.dataset):
                    problems.add((*at, "dataset"), f"'{given.dataset}' is not a path", "write it as pkg.module:Name")
                continue
            try:
                described = DATASETS.find(given.dataset)
            except PluginError as error:
                problems.add((*at, "dataset"), error.problems[0].what, error.problems[0].fix)
                continue
            _check_options(given, at, problems)
            _check_version(given, described, at, problems)
            written["version"] = described.version
            with contextlib.suppress(SpecError):
                written["options"] = differing_options(options_of(given))
            target = data.get("target", list(DataSpec.model_fields["target"].default))
            _check_target(target, keys, described.title, structures_of(given), problems)
    return made


def with_data_sets_said(document: Document, data: Any) -> Document:
    """The document with the declared versions of data sets, their options as parsed, and the parts of a split.

    It then means the same runs where a data set has another version or is not installed, or the split file is gone.

    Args:
        document: As it was read.
        data: Its section, as `with_data_sets_checked` made it.
    """
    before = dict(_written(document.content.get("data") or {}))
    changed = []
    for keys, given in _written(data):
        path = ".".join(("data", *keys))
        written = before.get(keys, {})
        if given.get("version") and not written.get("version"):
            changed.append(f"{path}.version={json.dumps(given['version'])}")
        if (given.get("options") or {}) != (written.get("options") or {}):
            changed.append(f"{path}.options={json.dumps(given['options'])}")
    split, as_written = data.get("split") or {}, (document.content.get("data") or {}).get("split") or {}
    if split.get("parts") and not as_written.get("parts"):
        changed.append(f"data.split.parts={json.dumps(split['parts'])}")
    return document.with_overrides(changed)


def _written(data: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for name in ("train", "test"):
        if isinstance(data.get(name), dict):
            yield (name,), data[name]
    external = data.get("external")
    for name, given in external.items() if isinstance(external, dict) else ():
        if isinstance(given, dict):
            yield ("external", name), given


def _check_options(given: DatasetSpec, at: Location, problems: Problems) -> None:
    try:
        options_of(given)
    except SpecError as error:
        for problem in error.problems:
            problems.add((*at, *str(problem.where).split(".")), problem.what, problem.fix)


def _check_version(given: DatasetSpec, described: DatasetDescriptor, at: Location, problems: Problems) -> None:
    if given.version and given.version != described.version:
        here = f"the {given.dataset} that is installed declares version '{described.version}'"
        problems.add((*at, "version"), here, "leave version out, or install the other one")


def _check_target(
    target: Any, keys: tuple[str, ...], title: str, structures: tuple[str, ...], problems: Problems
) -> None:
    """A data set that is trained on labels every structure; one that is only scored, at least one of them."""
    wanted = [name for name in target if isinstance(name, str)] if isinstance(target, list | tuple) else []
    missing = [name for name in wanted if name not in structures]
    if not missing or (keys != ("train",) and len(missing) < len(wanted)):
        return
    place = ".".join(("data", *keys))
    for name in missing:
        what = f"{place}, which is {title}, labels no structure '{name}'"
        problems.add(("data", "target"), what, did_you_mean(name, structures))
