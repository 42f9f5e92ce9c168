"""Makes packs in parallel and atomically; work that is interrupted resumes with the next patient."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import TypeAdapter

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.datasets.quality.oddities import Oddity
from gridctl_trainer.datasets.registry import CaseSource, require_series
from gridctl_trainer.datasets.slices import Progress
from gridctl_trainer.host.atomic_file import replacing
from gridctl_trainer.host.file_lock import held
from gridctl_trainer.preprocessing.packs.pack import (
    IMAGES,
    LABELS,
    MASKS,
    PACK_VERSION,
    open_pack,
    read_manifest,
    write_manifest,
)
from gridctl_trainer.preprocessing.prepared import PreparedPatient, PreparedSet, SliceRecord, require_one_shape
from gridctl_trainer.preprocessing.reading import each_patient, read_and_prepare
from gridctl_trainer.preprocessing.recipe import Recipe, deciding_versions
from gridctl_trainer.preprocessing.scanned_labels import ScannedLabels

_RECORDS: Final = TypeAdapter(tuple[SliceRecord, ...])


def fingerprint_of(recipe: Recipe, sources: Sequence[CaseSource], root: Path) -> str:
    """SHA-256 over everything that determines the content of a pack, except what the name of its folder says.

    Args:
        recipe: How to prepare the patients.
        sources: The patients.
        root: Folder of the data set.

    Raises:
        DataError: A file no longer exists or cannot be read.
    """
    content = [PACK_VERSION, deciding_versions(recipe), [[s.patient, s.fingerprint(root)] for s in sources]]
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def make_pack(
    packs: Path,
    sources: Sequence[CaseSource],
    root: Path,
    recipe: Recipe,
    progress: Progress | None = None,
    workers: int = 1,
    waiting: Callable[[], None] = lambda: None,
) -> tuple[PreparedSet, bool]:
    """Open the pack of a recipe in a folder of packs, after making it if necessary.

    One process makes the pack while others wait. If it is killed, the next process continues after the patients that
    were done. An older pack of other files is replaced.

    Args:
        packs: Folder of packs of one data set.
        sources: The patients.
        root: Folder of the data set.
        recipe: How to prepare the patients.
        progress: Called with the number of patients done and the total number; it may raise to stop.
        workers: Number of patients to prepare at once.
        waiting: Called while another process makes the pack; it may raise to give up.

    Returns:
        The data set, and whether this call made its pack.

    Raises:
        DataError: Files are missing, unreadable or wrong; the error names them.
        OSError: The folder cannot be written.
    """
    folder = packs / recipe.name
    if recipe.frames > 1:
        require_series(sources, root)
    fingerprint = fingerprint_of(recipe, sources, root)
    if (found := _intact(folder, fingerprint)) is not None:
        return found, False
    with held(packs / f".{recipe.name}.lock", waiting):
        if (found := _intact(folder, fingerprint)) is not None:  # another process made it meanwhile
            return found, False
        parts = packs / f".{recipe.name}.parts"

        def part(source: CaseSource) -> Path:
            path = parts / f"{source.patient}-{fingerprint_of(recipe, [source], root)[:16]}.npz"
            if not path.exists():
                _write_part(path, read_and_prepare(source, recipe))
            return path

        made = list(each_patient(sources, part, progress, workers))
        draft = packs / f".{recipe.name}.{uuid.uuid4().hex[:8]}"
        try:
            draft.mkdir()
            write_manifest(draft, _assemble(draft, made, recipe.target), recipe, fingerprint, deciding_versions(recipe))
            _replace(folder, draft)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(parts, ignore_errors=True)
        return open_pack(folder, fix="the disk does not return what was written: use another folder"), True


def _intact(folder: Path, fingerprint: str) -> PreparedSet | None:
    manifest = read_manifest(folder)
    if manifest is None or manifest.fingerprint != fingerprint:
        return None
    try:
        return open_pack(folder, fix="")
    except DataError:
        return None


def _write_part(path: Path, prepared: PreparedPatient) -> None:
    records = {
        "slices": [asdict(record) for record in prepared.slices],
        "oddities": [asdict(oddity) for oddity in prepared.oddities],
        "label_ends": prepared.scanned.ends,
    }
    with replacing(path) as file:
        text = np.frombuffer(json.dumps(records).encode(), dtype=np.uint8)
        np.savez(file, series=prepared.series, masks=prepared.masks, labels=prepared.scanned.packed, records=text)


def _read_part(path: Path) -> PreparedPatient:
    try:
        with np.load(path, allow_pickle=False) as part:
            records = json.loads(part["records"].tobytes())
            return PreparedPatient(
                part["series"],
                part["masks"],
                _RECORDS.validate_python(records["slices"]),
                ScannedLabels(part["labels"], tuple(records["label_ends"])),
                tuple(Oddity(**oddity) for oddity in records["oddities"]),
            )
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"a half-made pack is damaged: {error}", where=path, fix="delete it, then try again") from None


def _assemble(draft: Path, parts: Iterable[Path], target: tuple[str, ...]) -> PreparedSet:
    """Assemble the arrays from the parts, with one patient in memory at a time."""
    paths = list(parts)
    shapes = [_read_part(path).series.shape for path in paths]
    require_one_shape(shapes)
    total, (_, *image, side, _) = sum(shape[0] for shape in shapes), shapes[0]
    shape = (total, *image, side, side)
    series = np.lib.format.open_memmap(draft / IMAGES, mode="w+", dtype=np.float32, shape=shape)
    masks = np.lib.format.open_memmap(draft / MASKS, mode="w+", dtype=np.uint8, shape=(total, side, side))
    slices: list[SliceRecord] = []
    oddities: list[Oddity] = []
    scanned: list[ScannedLabels] = []
    for path in paths:
        part = _read_part(path)
        here = slice(len(slices), len(slices) + len(part.masks))
        series[here], masks[here] = part.series, part.masks
        slices += part.slices
        oddities += part.oddities
        scanned.append(part.scanned)
    labels = ScannedLabels.join(scanned)
    np.save(draft / LABELS, labels.packed)
    for array in (series, masks):
        array.flush()
    return PreparedSet.whole(series, masks, slices, oddities, target, labels)


def _replace(folder: Path, draft: Path) -> None:
    """Move a pack to its place; processes that have mapped the older pack keep it."""
    for path in draft.iterdir():
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    older = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    if folder.exists():
        folder.rename(older)
    draft.rename(folder)
    shutil.rmtree(older, ignore_errors=True)
