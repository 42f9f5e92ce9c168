"""Reads `data.preprocessing` as users write it into a list of steps, first to last."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Final

from gridctl.errors import InputError
from gridctl.experiment.document import Document, Location
from gridctl.experiment.validation import AddProblem, validate
from gridctl_trainer.contract.errors import shortened
from gridctl_trainer.contract.spec import DEFAULT_STEPS, StepSpec
from gridctl_trainer.contract.suggest import did_you_mean
from gridctl_trainer.plugins.class_path import is_class_path, is_well_formed
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.step import STEPS, step_of, step_options
from gridctl_trainer.plugins.step_order import in_order

AT: Final = ("data", "preprocessing")

USUAL: Final = tuple(item.step for item in DEFAULT_STEPS)
"""Steps that are on unless a file says otherwise."""


def with_steps(tree: dict[str, Any], report: AddProblem, *, from_elsewhere: bool = False) -> dict[str, Any]:
    """The content with its steps as in a run specification, first to last.

    Args:
        tree: The experiment file's content.
        report: Receives every mistake; a section with one gets the default steps.
        from_elsewhere: Whether steps of a list need not be installed here: their options were checked when it was
            submitted, and are taken as they are.
    """
    data = tree.get("data")
    if not isinstance(data, dict) or data.get("preprocessing") is None:
        return tree
    steps = _steps(data["preprocessing"], report, from_elsewhere=from_elsewhere)
    made = {key: value for key, value in data.items() if key != "preprocessing"}
    return {**tree, "data": made if steps is None else {**made, "preprocessing": steps}}


def with_steps_said(document: Document, steps: Sequence[StepSpec], left_out: Collection[str]) -> Document:
    """The document with the steps of plugins in order, with the options that differ from their defaults.

    It then means the same runs where such a step is not installed.

    Args:
        document: As it was read.
        steps: Those that are on, first to last.
        left_out: Those that ablations leave out; a list cannot say that a default step is off and left out as well.
    """
    names = [item.step for item in steps]
    if not set(names) - set(USUAL) or not set(left_out) <= set(names):
        return document
    written = [{item.step: dict(item.options)} if item.options else item.step for item in steps]
    return document.with_overrides([f"data.preprocessing={json.dumps(written)}"])


def steps_of(tree: Mapping[str, Any]) -> list[str]:
    """Names of the steps in an experiment's content, as far as it is valid, with default steps that are off."""
    data = tree.get("data")
    given = data.get("preprocessing") if isinstance(data, Mapping) else None
    if isinstance(given, list):
        return [name for item in given for name, _ in [_item(item)] if name]
    further = [str(name) for name, value in given.items() if value is not False] if isinstance(given, Mapping) else []
    return list(dict.fromkeys((*USUAL, *further)))


def leave_out(tree: MutableMapping[str, Any], step: str) -> None:
    """Turn a step off in an experiment's content.

    Raises:
        InputError: It is not on.
    """
    data = tree.get("data")
    if step not in (known := steps_of(tree)):
        raise InputError(f"there is no preprocessing step '{shortened(step, 60)}' here", fix=did_you_mean(step, known))
    if not isinstance(data, dict):
        return  # reported by the validation of the whole file
    given = data.get("preprocessing")
    if isinstance(given, list):
        data["preprocessing"] = [item for item in given if _item(item)[0] != step]
    elif given is None or isinstance(given, Mapping):
        data["preprocessing"] = {**(given or {}), step: False}


def _steps(given: Any, report: AddProblem, *, from_elsewhere: bool) -> list[dict[str, Any]] | None:
    sound = True

    def noted(location: Location, what: str, fix: str = "") -> None:
        nonlocal sound
        sound = False
        report(location, what, fix)

    written = list(_written(given, noted))
    foreign = from_elsewhere and isinstance(given, list)
    specified = [
        {"step": name, "options": options if isinstance(options, dict) else {}}
        if foreign and not is_class_path(name) and name not in STEPS.names()
        else _specified(name, options, at, noted)
        for name, options, at in written
    ]
    if not sound:
        return None
    if isinstance(given, list):
        return [item for item in specified if item is not None]
    on = {name: item for (name, _, _), item in zip(written, specified, strict=True) if item is not None}
    off = {name for name, value in given.items() if value is False}
    try:
        order = in_order(USUAL, [name for name in on if name not in USUAL])
    except PluginError as error:
        report(AT, error.problems[0].what, error.problems[0].fix)
        return None
    return [on.get(name) or {"step": name} for name in order if name not in off]


def _written(given: Any, report: AddProblem) -> Iterator[tuple[str, Any, Location]]:
    """Steps that are on, with their options, and where they are written."""
    if isinstance(given, list):
        names: list[str] = []
        for index, item in enumerate(given):
            name, options = _item(item)
            at = (*AT, index)
            if not name or options is False:
                report(at, "expected the name of a step, or {NAME: {its options}}", f"for example {USUAL[0]}")
            elif name in names:
                report(at, f"{name} appears more than once")
            else:
                names.append(name)
                yield name, options, at if isinstance(item, str) else (*at, name)
    elif isinstance(given, Mapping):
        for name, options in given.items():
            if options is False:
                _require_known(str(name), (*AT, name), report)
            else:
                yield str(name), options, (*AT, name)
    else:
        report(AT, "expected a mapping of steps to true, false or options", "or a list of steps, first to last")


def _item(item: Any) -> tuple[str, Any]:
    """Name and options of an item of a list."""
    if isinstance(item, str):
        return item, True
    if isinstance(item, Mapping) and len(item) == 1:
        ((name, options),) = item.items()
        return str(name), options
    return "", None


def _require_known(name: str, at: Location, report: AddProblem) -> bool:
    if is_class_path(name):
        if not is_well_formed(name):
            report(
                at, f"'{shortened(name, 80)}' is not the path of a preprocessing step", "write it as pkg.module:Name"
            )
        return is_well_formed(name)
    if name not in STEPS.names():
        report(at, *STEPS.unknown(name))
        return False
    return True


def _specified(name: str, options: Any, at: Location, report: AddProblem) -> dict[str, Any] | None:
    if not _require_known(name, at, report):
        return None
    if options is True or options is None:
        options = {}
    if not isinstance(options, dict):
        report(at, f"expected true, false or a mapping of options, got {shortened(str(options), 60)}")
        return None
    if is_class_path(name):
        return {"step": name, "options": options}  # the trainer checks its options
    try:
        model = step_options(name)
    except PluginError as error:
        problem = error.problems[0]
        report(at, f"{problem.where}: {problem.what}" if problem.where else problem.what, problem.fix)
        return None
    made = validate(model, options, at, report)
    return None if made is None else step_of(name, made).model_dump(mode="json")
