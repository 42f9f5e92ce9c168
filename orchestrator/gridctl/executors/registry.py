"""The executor that an experiment names, found among those that packages register as entry points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

from pydantic import BaseModel

from gridctl.errors import InputError
from gridctl.executors.base import Executor
from gridctl.executors.descriptor import ExecutorDescriptor
from gridctl.experiment import Experiment
from gridctl.experiment.executor_names import installed_executors, unknown_executor
from gridctl.experiment.validation import Problems, validate
from gridctl_trainer.plugins.entry_points import Registered, only_one
from gridctl_trainer.storage.base import Store


def descriptor_of(name: str, experiment: Experiment | None = None) -> ExecutorDescriptor:
    """The descriptor of an executor: what is known before its code is imported.

    Args:
        name: Name of the executor.
        experiment: The experiment that names it, for the line in errors.

    Raises:
        InputError: There is none of that name.
        PluginError: Two packages register it, or it cannot be imported.
    """
    return _described(_entry(name, experiment))


def executor_class(name: str, experiment: Experiment | None = None) -> object:
    """The executor's class, for abilities that need no open executor.

    Raises:
        InputError: There is none of that name.
        PluginError: Two packages register it, or it cannot be imported.
    """
    entry = _entry(name, experiment)
    return entry.load(_described(entry).build)


def open_executor(name: str, experiment: Experiment, store: Store) -> Executor:
    """An executor to observe and to start runs on.

    Raises:
        InputError: There is none of that name, or its section of the experiment is not valid.
        PluginError: Two packages register it, or it cannot be imported.
        UnreachableError: Where it executes cannot be reached.
    """
    entry = _entry(name, experiment)
    described = _described(entry)
    build = cast("Callable[..., Executor]", entry.load(described.build))
    options = _options(entry, described, experiment)
    return build(experiment, store) if options is None else build(experiment, store, options=options)


def require_options(experiment: Experiment) -> None:
    """Validate the executor's own section of an experiment.

    Raises:
        InputError: Every mistake in it, or that the executor has no such section.
        PluginError: Two packages register it, or it cannot be imported.
    """
    entry = _entry(experiment.backend, experiment)
    _options(entry, _described(entry), experiment)


def executor_classes(experiment: Experiment) -> Iterator[object]:
    """The class of an experiment's executor, then those of the others, gridctl's own first.

    Raises:
        InputError: There is none of that name.
        PluginError: Two packages register it, or it cannot be imported.
    """
    for name in dict.fromkeys((experiment.backend, *installed_executors())):
        yield executor_class(name, experiment)


def _entry(name: str, experiment: Experiment | None) -> Registered:
    if unknown := unknown_executor(name):
        what, fix = unknown
        if experiment is None or experiment.backend != name:
            raise InputError(what, fix=fix)
        raise InputError([experiment.document.problem(("backend",), what, fix)])
    return only_one(installed_executors()[name])


def _described(entry: Registered) -> ExecutorDescriptor:
    described = entry.load()
    if not isinstance(described, ExecutorDescriptor):
        what = f"the executor '{entry.name}' of {entry.distribution} is registered as something else"
        fix = "its entry point has to name an ExecutorDescriptor"
        raise InputError(what, where=entry.value, fix=fix)
    return described


def _options(entry: Registered, described: ExecutorDescriptor, experiment: Experiment) -> BaseModel | None:
    """The executor's own section; None if it has none."""
    if not described.options:
        if experiment.executor_options is None:
            return None
        what = f"the executor '{entry.name}' has no options"
        raise InputError([experiment.document.problem((entry.name,), what, "leave the section out")])
    model = cast("type[BaseModel]", entry.load(described.options))
    problems = Problems(experiment.document)
    given = experiment.executor_options if experiment.executor_options is not None else {}
    made = validate(model, given, (entry.name,), problems.add)
    problems.raise_if_any()
    return made
