"""Data sets as plugins: what describes one, and the registry. Nothing here needs numpy.

    HEARTS = DatasetDescriptor(
        summary="MRI of our cohort", title="Hearts", structures=("left_ventricle",), build="mylab.hearts:Hearts"
    )

An installed package registers `HEARTS` as an entry point of the group `gridctl.datasets`. The class itself, and how
images are read, is what `gridctl_trainer.datasets.base` is about.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final, cast

from gridctl_trainer.contract.errors import SpecError, shortened
from gridctl_trainer.contract.frozen import Frozen
from gridctl_trainer.contract.spec.data import DatasetSpec, DataSpec
from gridctl_trainer.plugins.bare_class import options_of_class
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.entry_points import PluginError
from gridctl_trainer.plugins.options import read_options
from gridctl_trainer.plugins.registry import Registry


class DatasetOptions(Frozen):
    """Base of a data set's options: one annotated field each, explained in the docstring's `Attributes`.

    All of them are part of a run's identity; one that has its default value is left out. Where they say which
    structures the data set labels, the class has a property `structures`, which is then believed instead of the
    descriptor.
    """


@dataclass(frozen=True, slots=True)
class FolderNames:
    """How a data set is recognised by names of files and folders alone, without opening any.

    Attributes:
        sign: Name of a file or folder that only this data set has.
        find: Called with the paths of all files below a place; returns the roots at which the data set lies, relative
            to that place, each with the ids of its labelled patients, sorted.
        expected: What such a folder holds, for whoever gave another one.
        below: Folders below one that holds several data sets in which this one may lie; `""` is that folder itself.
        test: Called as `find`; returns of each root at which the publishers' test set lies as well the folder of that,
            relative to the root, and the ids of its labelled patients. None if no test set is published so.
    """

    sign: re.Pattern[str]
    find: Callable[[Sequence[PurePosixPath]], Mapping[str, Sequence[str]]]
    expected: str
    below: tuple[str, ...] = ("",)
    test: Callable[[Sequence[PurePosixPath]], Mapping[str, tuple[str, Sequence[str]]]] | None = None


@dataclass(frozen=True, slots=True)
class DatasetDescriptor:
    """What a package registers for one data set.

    Attributes:
        summary: What it is, in a few words.
        title: As people call it.
        structures: That it may label, by name; those of other data sets have the same names where they are the same.
        build: Its class, or a function that makes one, as `pkg.module:name`, imported when images are read; called with
            its options.
        options: A class derived from `DatasetOptions`, or its `pkg.module:Name`.
        version: Of the data set, as its publishers or you count. Another version is other data: another run.
        folder: How it is recognised by names of files; None if it cannot be.
        trains: Whether `gridctl init` proposes to train on it; else only as an external set.
        reader: Version of the code that reads it: raise it when the same files give other pixels, and packs are made
            anew. Of plugins, a change of their source does that as well.
        libraries: Distributions that decide pixels too, such as decoders.
        labels: What the numbers of its label maps stand for, where it has any: masks in these numbers are scored
            without a word of them.
    """

    summary: str
    title: str
    structures: tuple[str, ...]
    build: str | Callable[..., Any]
    options: type[DatasetOptions] | str = DatasetOptions
    version: str = ""
    folder: FolderNames | None = None
    trains: bool = True
    reader: str = ""
    libraries: tuple[str, ...] = ()
    labels: Mapping[int, str] = field(default_factory=dict)


def _bare(found: object, path: str) -> DatasetDescriptor:
    if not callable(found) or not callable(getattr(found, "cases", None)) or not callable(getattr(found, "read", None)):
        raise PluginError(
            f"'{path}' is no data set",
            where=path,
            fix="name a class with the methods cases and read, or a DatasetDescriptor, by its path",
        )
    options, build = options_of_class(found, path, DatasetOptions)
    structures = getattr(found, "structures", ())
    if isinstance(structures, str) or not all(isinstance(name, str) for name in structures) or not structures:
        raise PluginError(
            f"'{path}' does not say which structures it labels",
            where=path,
            fix='give the class an attribute such as structures = ("left_ventricle",)',
        )
    return DatasetDescriptor(
        summary=f"the class {path}",
        title=path.rpartition(":")[2],
        structures=tuple(structures),
        build=build,
        options=options,
        version=str(getattr(found, "version", "")),
    )


DATASETS: Final[Registry[DatasetDescriptor]] = Registry("gridctl.datasets", "dataset", DatasetDescriptor, _bare)


def dataset_options(name: str) -> type[DatasetOptions]:
    """The options that a data set takes.

    Raises:
        UnknownPluginError: No package registers that name.
        PluginError: It cannot be imported.
    """
    return DATASETS.options(name, DATASETS.find(name).options, DatasetOptions)


def builder_of(name: str) -> Callable[..., Any]:
    """The builder of a data set, called with its options. Imports the data set itself.

    Raises:
        UnknownPluginError: No package registers that name.
        PluginError: It cannot be imported.
    """
    return cast("Callable[..., Any]", DATASETS.load(name, DATASETS.find(name).build))


def options_of(given: DatasetSpec) -> DatasetOptions:
    """A data set's options, read from a specification.

    Raises:
        UnknownPluginError: No package registers that name.
        PluginError: It cannot be imported.
        SpecError: An option is unknown or not valid: all of them.
    """
    return read_options(given.dataset, dataset_options(given.dataset), given.options, "options.")


def read_dataset(written: str, place: str) -> DatasetSpec:
    """A data set as a command line names it.

    Args:
        written: `NAME`, or `NAME=OPTIONS` with options as JSON.
        place: Of the folder.

    Raises:
        SpecError: The options are no mapping in JSON, or not valid.
        UnknownPluginError: No package registers that name.
        PluginError: It cannot be imported.
    """
    name, _, text = written.partition("=")
    try:
        given = DatasetSpec(dataset=name, path=place, options=json.loads(text or "{}"))
    except ValueError:
        fix = f"""for example --dataset '{name or "NAME"}={{"OPTION": 1}}'"""
        raise SpecError(
            "it is no name, or its options are no mapping in JSON", where=f"--dataset {shortened(written, 60)}", fix=fix
        ) from None
    options_of(given)
    return given


def structures_of(given: DatasetSpec) -> tuple[str, ...]:
    """The structures that a data set labels, as its options say or its descriptor.

    Raises:
        PluginError: There is no such data set, or it cannot be imported.
    """
    described = DATASETS.find(given.dataset)
    try:
        options = options_of(given)
    except SpecError:  # said where options are checked
        return described.structures
    return tuple(getattr(options, "structures", ())) or described.structures


def title_of(name: str) -> str:
    """The title of a data set; its name where it is not installed here."""
    if is_class_path(name):
        return name
    try:
        return DATASETS.find(name).title
    except PluginError:
        return name


def unlabelled(data: DataSpec, *, also_by_path: bool) -> frozenset[tuple[str, str]]:
    """What is segmented but cannot be scored: names of sets, each with a structure that its data set never labels.

    Args:
        data: Of a run.
        also_by_path: Whether data sets that are named by their path are imported and asked too.
    """
    found = set()
    for keys, given in data.places:
        if is_class_path(given.dataset) and not also_by_path:
            continue
        with contextlib.suppress(PluginError):
            known = structures_of(given)
            found |= {(keys[-1], structure) for structure in data.target if structure not in known}
    return frozenset(found)
