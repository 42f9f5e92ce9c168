"""Data sets as plugins: their descriptors and their registry. Nothing here needs numpy.

    HEARTS = DatasetDescriptor(
        summary="MRI of our cohort", title="Hearts", structures=("left_ventricle",), build="mylab.hearts:Hearts"
    )

An installed package registers `HEARTS` as an entry point in the group `gridctl.datasets`.
`gridctl_trainer.datasets.base` defines the class itself and how images are read.
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
    """Base class of a data set's options: one annotated field per option, explained under `Attributes`.

    Every option that differs from its default is part of a run's identity. If the labelled structures depend on the
    options, the class has a property `structures`, which takes precedence over the descriptor.
    """


@dataclass(frozen=True, slots=True)
class FolderNames:
    """How a data set is recognised by the names of its files and folders, without opening any of them.

    Attributes:
        sign: Name of a file or folder that only this data set has.
        find: Finds the data set. It is called with the paths of all files below a folder, and returns a mapping from
            each root of the data set, relative to that folder, to the sorted ids of its labelled patients.
        expected: What such a folder contains, for the message to a user who gave another one.
        below: Where the data set may lie inside a folder that holds several data sets; `""` is that folder itself.
        test: Finds the publishers' test set. It is called like `find`, and returns a mapping from each root that has a
            test set to the test set's folder, relative to the root, and the ids of its labelled patients. None if the
            publishers provide no such test set.
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
        title: Its usual name.
        structures: Names of the structures that it may label. The same structure has the same name in every data set.
        build: Its class, or a function that returns an object, as `pkg.module:name`. It is imported when images are
            read, and called with the options.
        options: A class derived from `DatasetOptions`, or its `pkg.module:Name`.
        version: Version of the data set, as its publishers or you number it. It is part of a run's identity.
        folder: How it is recognised by file names; None if it cannot be.
        trains: Whether `gridctl init` proposes to train on it; otherwise it is proposed only as an external set.
        reader: Version of the code that reads it. Raise it when the same files give different pixels, so that packs
            are rebuilt. For plugins, a change of their source has the same effect.
        libraries: Other distributions that affect the pixels, such as decoders.
        labels: The structure that each number in its label maps stands for, if it has label maps. Masks that use these
            numbers can be scored without further options.
        is_layout: Whether it is a way to lay out files that many cohorts use, so that reports name a cohort by its
            folder.
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
    is_layout: bool = False


def _bare(found: object, path: str) -> DatasetDescriptor:
    if not callable(found) or not callable(getattr(found, "cases", None)) or not callable(getattr(found, "read", None)):
        raise PluginError(
            f"'{path}' is not a data set",
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
    """The class of a data set's options.

    Raises:
        UnknownPluginError: No package registers that name.
        PluginError: The data set cannot be imported.
    """
    return DATASETS.options(name, DATASETS.find(name).options, DatasetOptions)


def builder_of(name: str) -> Callable[..., Any]:
    """The builder of a data set, to be called with its options. Imports the data set itself.

    Raises:
        UnknownPluginError: No package registers that name.
        PluginError: The data set cannot be imported.
    """
    return cast("Callable[..., Any]", DATASETS.load(name, DATASETS.find(name).build))


def options_of(given: DatasetSpec) -> DatasetOptions:
    """A data set's options, read from a specification.

    Raises:
        UnknownPluginError: No package registers that name.
        PluginError: The data set cannot be imported.
        SpecError: Options are unknown or not valid; it lists all of them.
    """
    return read_options(given.dataset, dataset_options(given.dataset), given.options, "options.")


def read_dataset(written: str, place: str) -> DatasetSpec:
    """Read a data set as given on the command line, and check its options.

    Args:
        written: `NAME`, or `NAME=OPTIONS` with the options as JSON.
        place: The folder or URL where it lies.

    Raises:
        SpecError: The options are not a JSON mapping, or not valid.
        UnknownPluginError: No package registers that name.
        PluginError: The data set cannot be imported.
    """
    name, _, text = written.partition("=")
    try:
        given = DatasetSpec(dataset=name, path=place, options=json.loads(text or "{}"))
    except ValueError:
        fix = f"""for example --dataset '{name or "NAME"}={{"OPTION": 1}}'"""
        raise SpecError(
            "this is not a name, or its options are not a JSON mapping",
            where=f"--dataset {shortened(written, 60)}",
            fix=fix,
        ) from None
    options_of(given)
    return given


def structures_of(given: DatasetSpec) -> tuple[str, ...]:
    """The structures that a data set labels, according to its options or else its descriptor.

    Raises:
        PluginError: There is no such data set, or it cannot be imported.
    """
    described = DATASETS.find(given.dataset)
    try:
        options = options_of(given)
    except SpecError:  # reported where options are checked
        return described.structures
    return tuple(getattr(options, "structures", ())) or described.structures


def title_of(name: str) -> str:
    """The title of a data set; its name if it is not installed here."""
    if is_class_path(name):
        return name
    try:
        return DATASETS.find(name).title
    except PluginError:
        return name


def unlabelled(data: DataSpec, *, also_by_path: bool) -> frozenset[tuple[str, str]]:
    """The structures that are segmented but cannot be scored, because a data set never labels them.

    Args:
        data: The data of a run.
        also_by_path: Whether to import data sets that are named by their path; otherwise they are skipped.

    Returns:
        Pairs of a set's name and a structure that its data set never labels.
    """
    found = set()
    for keys, given in data.places:
        if is_class_path(given.dataset) and not also_by_path:
            continue
        with contextlib.suppress(PluginError):
            known = structures_of(given)
            found |= {(keys[-1], structure) for structure in data.target if structure not in known}
    return frozenset(found)
