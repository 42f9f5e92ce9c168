"""A pack: a folder with a data set that was prepared once, as arrays to memory-map and metadata of each image.

pack.json      recipe, metadata, digests, and SHA-256 of the arrays; written last
images.npy     (M, T, size_px, size_px) float32, with the labelled frame last
masks.npy      (M, size_px, size_px) uint8
labels.npy     (bytes,) uint8: the compressed label maps of all images on the grid of the scanner, one after another
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
    """Content of pack.json.

    Attributes:
        recipe: How the data set was prepared.
        fingerprint: Fingerprint of the files that were read.
        versions: Versions of the libraries that read and prepared them.
        digest: `PreparedSet.digest`.
        series_digest: `PreparedSet.series_digest`.
        files: Length and checksum of each array.
        slices: Metadata of each image.
        label_ends: Offset in labels.npy of the end of each image's label map.
        oddities: What was odd about the files.
        pictures: `PreparedSet.pictures`, by which copies are found; None in older packs.
        seal: SHA-256 over all other fields.
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
        """A copy of the manifest with its seal."""
        younger = {"pictures"} if self.pictures is None else set()  # keeps older packs valid
        content = canonical_json(self.model_dump(mode="json", exclude={"seal", *younger}))
        return self.model_copy(update={"seal": hashlib.sha256(content.encode()).hexdigest()})


def read_manifest(folder: Path) -> PackManifest | None:
    """Read the manifest of a pack; None if the folder is not a complete pack of this version."""
    try:
        manifest = PackManifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return None
    return manifest if manifest == manifest.sealed() else None


def version_of(folder: Path) -> int | None:
    """Read the version of a pack; None if the folder does not state one."""
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    version = content.get("pack_version") if isinstance(content, dict) else None
    return version if isinstance(version, int) else None


def open_pack(folder: Path, *, fix: str) -> PreparedSet:
    """Map a pack into memory after checking the checksums of its arrays.

    The arrays are mapped copy-on-write: unchanged pages are shared with every other reader of the pack.

    Args:
        folder: Folder of the pack.
        fix: What to do about a damaged pack, for the message.

    Raises:
        DataError: The folder is not a pack of this version, or one of its files is damaged.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise DataError("it is not a pack of this version", where=folder / MANIFEST, fix=fix)
    arrays: dict[str, Any] = {}
    for name in _ARRAYS:
        path = folder / name
        try:
            if packed_file(path) != manifest.files[name]:
                raise DataError("its checksum is not the one with which it was written", where=path, fix=fix)
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
    # Cached properties are plain attributes, so they can be set here without reading the images again.
    whole.__dict__.update(digest=manifest.digest, series_digest=manifest.series_digest)
    if manifest.pictures is not None:
        whole.__dict__.update(pictures=manifest.pictures)
    return whole


def write_manifest(
    folder: Path, prepared: PreparedSet, recipe: Recipe, fingerprint: str, versions: Mapping[str, str]
) -> None:
    """Write the manifest of a pack whose arrays have been written, which completes the pack.

    Args:
        folder: Folder of the pack.
        prepared: The data set in the pack.
        recipe: How the data set was prepared.
        fingerprint: Fingerprint of the files that were read.
        versions: Versions of the libraries that read and prepared them.

    Raises:
        OSError: The manifest cannot be written.
    """
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
    """Compute the length and SHA-256 of a file.

    Raises:
        OSError: The file cannot be read.
    """
    digest, length = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            length += len(chunk)
    return PackedFile(bytes=length, sha256=digest.hexdigest())
