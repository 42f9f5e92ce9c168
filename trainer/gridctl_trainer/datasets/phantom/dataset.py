"""Writes a synthetic data set in exactly the formats of ACDC and Sunnybrook.

Anything that is tried on it uses the same loaders as real data.
"""

from __future__ import annotations

import gzip
import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import nibabel
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.phantom.anatomy import Anatomy, Outlines, Scanner, outlines, picture
from gridctl_trainer.datasets.slices import Progress
from gridctl_trainer.datasets.sunnybrook.contours import fill
from gridctl_trainer.datasets.sunnybrook.patients import PHASES_PER_SLICE

VERSION: Final = 1
"""Version of the drawing; another version makes other images."""

_ACDC: Final = Scanner(
    128, 1.5, gain=300, blood=0.85, muscle=0.35, fat=0.95, lung=0.06, organ=0.42, noise=0.04, bias=0.18
)
_SUNNYBROOK: Final = Scanner(
    128, 1.4, gain=900, blood=0.78, muscle=0.28, fat=0.7, lung=0.09, organ=0.36, noise=0.055, bias=0.3
)
_SLICE_DISTANCE_MM: Final = 10.0
_UID_ROOT: Final = "1.2.826.0.1.3680043.10.543"
_GROUPS: Final = ("NOR", "MINF", "DCM", "HCM", "RV")
_SUNNYBROOK_GROUPS: Final = ("SC-HF-I", "SC-HF-NI", "SC-HYP", "SC-N")


@dataclass(frozen=True, slots=True)
class PhantomOptions:
    """What to draw. The same options give the same bytes.

    Attributes:
        patients: Number of patients in ACDC's format.
        generalisation_patients: Number of patients in Sunnybrook's format.
        slices: Number of slices with a heart per patient and phase; some patients have one empty slice more.
        seed: Seed of everything random.
        series: Whether to write every frame of the cardiac cycle, for temporal context.
    """

    patients: int = 12
    generalisation_patients: int = 4
    slices: int = 4
    seed: int = 1
    series: bool = False


def write_phantom(out: Path, options: PhantomOptions, progress: Progress | None = None) -> bool:
    """Write both data sets: `out/acdc` and `out/sunnybrook`.

    Args:
        out: A folder that does not exist yet; it is created atomically.
        options: What to draw.
        progress: Called with the number of patients written and the total number.

    Returns:
        Whether the data was written; False if the same data is already there.

    Raises:
        DataError: The folder holds something else, or cannot be written.
    """
    given = {key: value for key, value in asdict(options).items() if value is not False}  # switches that are on
    description = json.dumps({"version": VERSION, **given}, indent=2) + "\n"
    if out.exists():
        _require_same(out, description)
        return False
    draft = out.with_name(f".{out.name}-{uuid.uuid4().hex[:8]}")
    total = options.patients + options.generalisation_patients
    try:
        for number in range(options.patients):
            _write_acdc_patient(draft / "acdc" / "database" / "training", number + 1, options)
            if progress:
                progress(number + 1, total)
        for number in range(options.generalisation_patients):
            _write_sunnybrook_patient(draft / "sunnybrook", number + 1, options)
            if progress:
                progress(options.patients + number + 1, total)
        (draft / "phantom.json").write_text(description, encoding="utf-8")
        out.parent.mkdir(parents=True, exist_ok=True)
        draft.rename(out)
    except OSError as error:
        raise DataError(f"cannot write it: {error.strerror}", where=error.filename or out) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True


def _require_same(out: Path, description: str) -> None:
    try:
        there = (out / "phantom.json").read_text(encoding="utf-8")
    except OSError:
        there = ""
    if there != description:
        what = "a phantom with other options is there" if there else "there is something that is not a phantom"
        raise DataError(what, where=out, fix="name another folder, or remove this one")


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One slice: its image and its borders, which are None beyond the heart."""

    image: NDArray[np.float64]
    heart: Outlines | None


def _draw(
    anatomy: Anatomy, contraction: float, empty: bool, slices: int, scanner: Scanner, seed: list[int], moment: int
) -> Iterator[_Drawn]:
    """Draw all slices at one moment: 0 is end-diastole, 1 is end-systole, and higher numbers are frames in between."""
    for index in range(slices + empty):
        heart = outlines(anatomy, (index + 0.5) / slices, contraction, scanner) if index < slices else None
        random = np.random.Generator(np.random.PCG64([*seed, moment, index]))
        yield _Drawn(picture(anatomy, heart, scanner, random), heart)


def _moments(diastole: int, systole: int, count: int, *, series: bool) -> Iterator[tuple[int, float, int]]:
    """The number, contraction and moment of each frame to draw, with end-diastole and end-systole first.

    Args:
        diastole: Number of the end-diastolic frame.
        systole: Number of the end-systolic frame.
        count: Number of frames in the cycle; numbers past the last belong to the next cycle.
        series: Whether to draw the frames in between.
    """
    yield diastole, 0.0, 0
    yield systole, 1.0, 1
    contracting = (systole - diastole) % count
    for step in range(1, count if series else 0):
        if step != contracting:
            way = step / contracting if step < contracting else (count - step) / (count - contracting)
            yield diastole + step, (1 - np.cos(np.pi * way)) / 2, 1 + step


def _write_acdc_patient(root: Path, number: int, options: PhantomOptions) -> None:
    seed = [options.seed, 0, number]
    random = np.random.Generator(np.random.PCG64(seed))
    anatomy = Anatomy.draw(random)
    name, empty = f"patient{number:03d}", number % 3 == 0
    frames = {"ED": 4 if number % 7 == 0 else 1, "ES": int(random.integers(8, 13))}
    folder = root / name
    folder.mkdir(parents=True)
    recorded: dict[int, NDArray[np.generic]] = {}
    for frame, contraction, moment in _moments(frames["ED"], frames["ES"], PHASES_PER_SLICE, series=options.series):
        drawn = list(_draw(anatomy, contraction, empty, options.slices, _ACDC, seed, moment))
        images = np.stack([item.image for item in drawn]).round().astype(np.int16 if number % 4 == 0 else np.float32)
        recorded[(frame - 1) % PHASES_PER_SLICE] = images
        if frame in frames.values():
            stem = f"{name}_frame{frame:02d}"
            _write_nifti(folder / f"{stem}.nii.gz", images)
            _write_nifti(folder / f"{stem}_gt.nii.gz", np.stack([_labels(item, folder) for item in drawn]))
    if options.series:
        _write_nifti(folder / f"{name}_4d.nii.gz", np.stack([recorded[frame] for frame in sorted(recorded)]))
    info = {
        **frames,
        "Group": _GROUPS[number % len(_GROUPS)],
        "Height": f"{random.uniform(150, 195):.1f}",
        "NbFrame": PHASES_PER_SLICE,
        "Weight": f"{random.uniform(50, 100):.1f}",
    }
    (folder / "Info.cfg").write_text("".join(f"{key}: {value}\n" for key, value in info.items()), encoding="utf-8")


def _labels(drawn: _Drawn, folder: Path) -> NDArray[np.uint8]:
    shape = (_ACDC.size_px, _ACDC.size_px)
    labels = np.zeros(shape, dtype=np.uint8)
    if drawn.heart is not None:
        for value, border in ((1, drawn.heart.right), (2, drawn.heart.epicardium), (3, drawn.heart.cavity)):
            labels[fill(border, shape, folder) > 0] = value
    return labels


def _write_nifti(path: Path, volume: NDArray[np.generic]) -> None:
    """Write as ACDC does: axes x, y, z and, for a series, t; the spacing is in the zooms and not in the affine."""
    image = nibabel.nifti1.Nifti1Image(volume.T, np.diag([-1.0, -1.0, 1.0, 1.0]))  # type: ignore[no-untyped-call]
    zooms = (_ACDC.spacing_mm, _ACDC.spacing_mm, _SLICE_DISTANCE_MM, 1.0)
    image.header.set_zooms(zooms[: volume.ndim])  # type: ignore[no-untyped-call]
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=4, mtime=0))


def _write_sunnybrook_patient(root: Path, number: int, options: PhantomOptions) -> None:
    seed = [options.seed, 1, number]
    random = np.random.Generator(np.random.PCG64(seed))
    anatomy = Anatomy.draw(random)
    group, series = _SUNNYBROOK_GROUPS[number % len(_SUNNYBROOK_GROUPS)], int(random.integers(2, 999))
    images = root / "challenge_training" / f"{group}-{number}"
    contours = root / "TrainingDataContours" / f"{group}-{number:02d}" / "contours-manual" / "IRCCI-expert"
    images.mkdir(parents=True)
    contours.mkdir(parents=True)
    systole = int(random.integers(6, 9))
    for phase, contraction, moment in _moments(PHASES_PER_SLICE - 1, systole, PHASES_PER_SLICE, series=options.series):
        drawn = _draw(anatomy, contraction, True, options.slices, _SUNNYBROOK, seed, moment)
        for index, item in enumerate(drawn):
            instance = index * PHASES_PER_SLICE + phase % PHASES_PER_SLICE + 1
            _write_dicom(images / f"IM-{series:04d}-{instance:04d}.dcm", item.image, index, instance, [*seed, instance])
            if item.heart is not None and moment < 2:
                stem = contours / f"IM-0001-{instance:04d}"
                _write_contour(Path(f"{stem}-icontour-manual.txt"), item.heart.cavity)
                if not moment:
                    _write_contour(Path(f"{stem}-ocontour-manual.txt"), item.heart.epicardium)


def _write_contour(path: Path, points: NDArray[np.float64]) -> None:
    """Write points with two decimals on a half-pixel grid, without closing the contour."""
    grid = np.round(points * 2) / 2
    lines = dict.fromkeys(f"{x:.2f} {y:.2f}" for x, y in grid)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_dicom(path: Path, image: NDArray[np.float64], index: int, instance: int, seed: list[int]) -> None:
    """Write as Sunnybrook does: signed 16-bit values without rescale tags."""
    uid = UID(".".join([_UID_ROOT, *(str(part) for part in seed)]))
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = MRImageStorage
    dataset.SOPInstanceUID = uid
    dataset.Modality = "MR"
    dataset.PatientID = path.parent.name
    dataset.InstanceNumber = instance
    dataset.PixelSpacing = [_SUNNYBROOK.spacing_mm, _SUNNYBROOK.spacing_mm]
    dataset.SliceThickness = 8.0
    dataset.ImageOrientationPatient = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    dataset.ImagePositionPatient = [0.0, 0.0, index * _SLICE_DISTANCE_MM]
    dataset.Rows, dataset.Columns = image.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 1
    dataset.PixelData = np.clip(image.round(), 0, 4095).astype("<i2").tobytes()
    dataset.save_as(path, enforce_file_format=True)
