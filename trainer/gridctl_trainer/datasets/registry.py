"""The two data sets behind one door: their patients, the files of each, and how to read one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.frozen import canonical_json
from gridctl_trainer.contract.wording import count
from gridctl_trainer.datasets.acdc import patients as acdc
from gridctl_trainer.datasets.file_tree import UnreadableError, require_readable, walk
from gridctl_trainer.datasets.quality.oddities import Notice
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.datasets.sunnybrook import patients as sunnybrook

Kind = str

_NAMED_PATIENTS: Final = 5


@dataclass(frozen=True, slots=True)
class PatientSource:
    """One patient who has not been read yet.

    Attributes:
        patient: Id.
        files: All that reading may open.
        read: Called with frames of a series and a notice; raises DataError.
    """

    patient: str
    files: tuple[Path, ...]
    read: Callable[[int, Notice], list[LabelledSlice]]

    def fingerprint(self, root: Path) -> str:
        """SHA-256 over names, sizes and times of the files: another one if any was changed.

        Raises:
            UnreadableError: One of them is not there any more.
        """
        stats = []
        for path in sorted(self.files):
            try:
                status = path.stat()
            except OSError as error:
                raise UnreadableError(f"cannot read it: {error.strerror}", where=path) from None
            stats.append([path.relative_to(root).as_posix(), status.st_size, status.st_mtime_ns])
        return hashlib.sha256(canonical_json(stats).encode()).hexdigest()


def find_sources(kind: Kind, root: Path) -> list[PatientSource]:
    """The patients of a data set, sorted.

    Raises:
        DataError: There is no such folder, no patient in it, or files of one are missing or unreadable.
    """
    try:
        if kind == "acdc":
            trees = {folder: walk(folder) for folder in acdc.find_patients(root)}
            require_readable([problem for tree in trees.values() for problem in tree.unreadable])
            return [
                PatientSource(folder.name, tree.files, partial(acdc.read_patient, folder))
                for folder, tree in trees.items()
            ]
        return [
            PatientSource(
                patient.patient,
                (*patient.images.values(), *(path for paths in patient.contours.values() for path in paths.values())),
                partial(sunnybrook.read_patient, patient),
            )
            for patient in sunnybrook.find_patients(root)
        ]
    except OSError as error:
        raise UnreadableError(f"cannot read it: {error.strerror}", where=error.filename or root) from None


def require_series(sources: Sequence[PatientSource], root: Path) -> None:
    """Refuse ACDC without the recordings from which temporal context is read, in one message for the whole set.

    Raises:
        DataError: Patients have no 4D file: how many, and the first by name.
    """
    lacking = [source.patient for source in sources if not _has_series(source)]
    if not lacking:
        return
    named = ", ".join(lacking[:_NAMED_PATIENTS])
    more = f" and {len(lacking) - _NAMED_PATIENTS} more" if len(lacking) > _NAMED_PATIENTS else ""
    raise DataError(
        f"{len(lacking)} of {count(len(sources), 'patient')} {'has' if len(lacking) == 1 else 'have'} no 4D series "
        f"(patientNNN_4d.nii.gz), which models with temporal: true read: {named}{more}",
        where=root,
        fix="unpack ACDC with its 4D files; `gridctl-trainer data phantom OUT --series` makes synthetic ones; "
        "or leave temporal: true out",
    )


def _has_series(source: PatientSource) -> bool:
    names = (f"{source.patient}_4d.nii.gz".casefold(), f"{source.patient}_4d.nii".casefold())
    return any(path.name.casefold() in names for path in source.files)
