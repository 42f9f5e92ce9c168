"""A data set prepared once, in a folder: arrays to be memory-mapped, and what is known of each image.

pack.json      recipe, records, digests, and SHA-256 of the arrays; written last
images.npy     (M, T, size_px, size_px) float32, the labelled frame last
masks.npy      (M, size_px, size_px) uint8
labels.npy     (bytes,) uint8: the label map of each image on the grid of the scanner, deflated, one after the other
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from pydantic import ValidationError

from gridctl_trainer.contract.data_layout import PACK_MANIFEST
from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.frozen import Frozen, canonical_json
from gridctl_trainer.datasets.quality.oddities import Oddity
from gridctl_trainer.preprocessing.prepared import PreparedSet, SliceRecord
from gridctl_trainer.preprocessing.recipe import Recipe
from gridctl_trainer.preprocessing.scanned_labels import ScannedLabels

PACK_VERSION: Final = 2
MANIFEST: Final = PACK_MANIFEST
IMAGES: Final = "images.npy"
MASKS: Final = "masks.npy"
LABELS: Final = "labels.npy"
_ARRAYS: Final = (IMAGES, MASKS, LABELS)

_CHUNK_BYTES: Final = 1 << 22


class PackedFile(Frozen):
    """Length and SHA-256 of one file of a pack."""

    bytes: int
    sha256: str


class PackManifest(Frozen):
    """What pack.json says.

    Attributes:
        recipe: How the data set was prepared.
        fingerprint: Of the files that were read.
        versions: Of the libraries that read and prepared them.
        digest, series_digest: Those of the `PreparedSet`.
        files: The arrays.
        slices: What is known of each image.
        label_ends: Where the label map of each ends in labels.npy.
        oddities: What was found odd about the files.
        pictures: Those of the `PreparedSet`, by which copies are known; None in packs of before.
        seal: SHA-256 over all of the above.
    """

    pack_version: Literal[2] = PACK_VERSION
    recipe: Recipe
    fingerprint: str
    versions: Mapping[str, str]
    digest: str
    series_digest: str
    files: Mapping[str, PackedFile]
    slices: tuple[SliceRecord, ...]
    label_ends: tuple[int, ...]
    oddities: tuple[Oddity, ...] = ()
    pictures: Mapping[str, tuple[str, ...]] | None = None
    seal: str = ""

    def sealed(self) -> PackManifest:
        """The same with its seal."""
        younger = {"pictures"} if self.pictures is None else set()  # packs of before stay valid
        content = canonical_json(self.model_dump(mode="json", exclude={"seal", *younger}))
        return self.model_copy(update={"seal": hashlib.sha256(content.encode()).hexdigest()})


def read_manifest(folder: Path) -> PackManifest | None:
    """What a pack's folder says of itself; None if it is no whole pack of this version."""
    try:
        manifest = PackManifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return None
    return manifest if manifest == manifest.sealed() else None


def version_of(folder: Path) -> int | None:
    """The version that a pack's folder says it is of; None if it says nothing."""
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    version = content.get("pack_version") if isinstance(content, dict) else None
    return version if isinstance(version, int) else None


def open_pack(folder: Path, *, fix: str) -> PreparedSet:
    """Map a pack into memory, after comparing its arrays with their checksums.

    The arrays are private to this process where they are written to, and shared with every other
    reader of the pack where they are not.

    Args:
        folder: Of the pack.
        fix: What to do about a damaged one.

    Raises:
        DataError: It is no pack, or a file of it is damaged; named.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise DataError("it is no pack of this version", where=folder / MANIFEST, fix=fix)
    arrays: dict[str, Any] = {}
    for name in _ARRAYS:
        path = folder / name
        try:
            if packed_file(path) != manifest.files[name]:
                raise DataError("its checksum is not the one it was written with", where=path, fix=fix)
            arrays[name] = np.load(path, mmap_mode="c", allow_pickle=False)
        except (OSError, ValueError, KeyError) as error:
            raise DataError(f"cannot read it: {error}", where=path, fix=fix) from None
    whole = PreparedSet.whole(
        arrays[IMAGES],
        arrays[MASKS],
        manifest.slices,
        manifest.oddities,
        manifest.recipe.target,
        ScannedLabels(arrays[LABELS], manifest.label_ends),
    )
    # Known without reading the images once more: cached properties are plain attributes.
    whole.__dict__.update(digest=manifest.digest, series_digest=manifest.series_digest)
    if manifest.pictures is not None:
        whole.__dict__.update(pictures=manifest.pictures)
    return whole


def write_manifest(
    folder: Path, prepared: PreparedSet, recipe: Recipe, fingerprint: str, versions: Mapping[str, str]
) -> None:
    """Seal a pack whose arrays are written."""
    manifest = PackManifest(
        recipe=recipe,
        fingerprint=fingerprint,
        versions=versions,
        digest=prepared.digest,
        series_digest=prepared.series_digest,
        files={name: packed_file(folder / name) for name in _ARRAYS},
        slices=tuple(prepared.all_slices),
        label_ends=prepared.all_scanned.ends,
        oddities=prepared.oddities,
        pictures=prepared.pictures,
    )
    (folder / MANIFEST).write_text(manifest.sealed().model_dump_json(indent=1) + "\n", encoding="utf-8")


def packed_file(path: Path) -> PackedFile:
    """Length and SHA-256 of a file.

    Raises:
        OSError: It cannot be read.
    """
    digest, length = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            length += len(chunk)
    return PackedFile(bytes=length, sha256=digest.hexdigest())
