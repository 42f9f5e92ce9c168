"""Loads a data set for a run: fetches it from a bucket if necessary, packs it, and maps the pack into memory."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.location import read_location
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.datasets.file_tree import UnreadableError, entries, is_folder
from gridctl_trainer.datasets.quality.oddities import Oddity
from gridctl_trainer.datasets.registry import find_sources, require_version
from gridctl_trainer.datasets.slices import Progress
from gridctl_trainer.datasets.transfer.cache_folder import cache_folder
from gridctl_trainer.datasets.transfer.fetching import fetch, is_remote
from gridctl_trainer.host.available_cores import available_cores
from gridctl_trainer.preprocessing.grey_levels import RESCALED
from gridctl_trainer.preprocessing.packs.pack import MANIFEST, PACK_VERSION, open_pack, read_manifest, version_of
from gridctl_trainer.preprocessing.packs.packing import fingerprint_of, make_pack
from gridctl_trainer.preprocessing.prepared import PreparedSet
from gridctl_trainer.preprocessing.reading import prepare_in_memory
from gridctl_trainer.preprocessing.recipe import Recipe, deciding_versions

_log = logging.getLogger(__name__)

_SHOWN_ODDITIES: Final = 10
_CHECKED: Final = "-checked"
"""Distinguishes packs in this cache from older ones that were made without checking grids and grey levels.

The same files have the same fingerprint, and the older packs may hold data that is now refused or rescaled.
"""


def load_set(given: DatasetSpec, data: DataSpec, frames: int, progress: Progress | None = None) -> PreparedSet:
    """Load and prepare a data set.

    Args:
        given: The data set and its location: a folder of files as published, a folder of packs, or `s3://bucket/prefix`
            with either, which is fetched once into this machine's cache.
        data: How to prepare the data set.
        frames: Number of frames in each series, including the labelled one.
        progress: Called with the number of patients or files done and the total number; it may raise to stop.

    Raises:
        DataError: Files are missing, unreadable or wrong; the error names them.
        StoreError: The bucket cannot be reached.
        PluginError: The data set is not installed, or is of another version.
        SpecError: An option is unknown or invalid.
    """
    require_version(given)
    recipe = Recipe.of(given.dataset, data, frames, given.options)
    location = given.path
    root = fetch(location, progress) if is_remote(location) else read_location(location).folder
    found = _prebuilt(root, recipe) if holds_packs(root) else _packed(root, recipe, progress)
    rescaled = [oddity for oddity in found.oddities if oddity.what.startswith(RESCALED)]
    _say("oddities", [oddity for oddity in found.oddities if oddity not in rescaled], root)
    _say("rescaled volumes", rescaled, root)
    return found


def _say(name: str, oddities: Sequence[Oddity], root: Path) -> None:
    for oddity in oddities[:_SHOWN_ODDITIES]:
        _log.warning("%s", oddity)
    if (more := len(oddities) - _SHOWN_ODDITIES) > 0:
        _log.warning("and %d more %s, %d in all: gridctl-trainer data check %s", more, name, len(oddities), root)


def holds_packs(root: Path) -> bool:
    """Whether a folder holds packs made by `data pack`."""
    return is_folder(root) and bool(packs_in(root))


def packs_in(root: Path) -> list[Path]:
    """List the packs in a folder, sorted.

    Raises:
        UnreadableError: The folder or a folder in it cannot be read.
    """
    try:
        return [folder for folder in entries(root) if (folder / MANIFEST).is_file()]
    except OSError as error:
        raise UnreadableError(f"cannot read it: {error.strerror}", where=error.filename or root) from None


def _prebuilt(root: Path, recipe: Recipe) -> PreparedSet:
    folder = root / recipe.name
    manifest = read_manifest(folder)
    if manifest is None and (version := version_of(folder)) not in (None, PACK_VERSION):
        raise DataError(
            f"this pack is of version {version}, which lacks what scores on the scanner's grid need; "
            f"version {PACK_VERSION} is required",
            where=folder,
            fix="make it again from the files as published: gridctl-trainer data pack --help",
        )
    if manifest is None or manifest.recipe != recipe:
        there = ", ".join(path.name for path in packs_in(root))
        raise DataError(
            f"there is no pack {recipe.name} in this folder, only {there}",
            where=root,
            fix="make it from the files as published: gridctl-trainer data pack --help",
        )
    if differing := _differing(manifest.versions, deciding_versions(recipe)):
        _log.warning("%s was made with other versions of %s", folder, ", ".join(differing))
    return open_pack(folder, fix="copy it again, or make it again with `gridctl-trainer data pack`")


def _differing(then: Mapping[str, str], now: Mapping[str, str]) -> Sequence[str]:
    return sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))


def _packed(root: Path, recipe: Recipe, progress: Progress | None) -> PreparedSet:
    sources = find_sources(recipe.kind, root, recipe.options)
    total, name = len(sources), f"{fingerprint_of(recipe, sources, root)[:16]}{_CHECKED}"
    packs: Path | None = None

    def waiting() -> None:
        if progress:
            progress(0, total)

    try:
        packs = cache_folder() / "packs" / name
        found, made = make_pack(packs, sources, root, recipe, progress, available_cores(), waiting)
    except OSError as error:
        place, reason = packs or error.filename, error.strerror or error
        _log.warning("cannot keep a pack at %s (%s): reading the files again instead", place, reason)
        return prepare_in_memory(sources, recipe, progress)
    _log.info("%s %s", "packed" if made else "opened the pack", packs / recipe.name)
    return found
