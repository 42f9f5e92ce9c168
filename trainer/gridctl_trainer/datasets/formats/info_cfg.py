"""Reads ACDC's Info.cfg, which gives the end-diastolic and end-systolic frames and the diagnosis of a patient."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.file_tree import same_name
from gridctl_trainer.datasets.formats.text import read_text
from gridctl_trainer.datasets.slices import Phase


@dataclass(frozen=True, slots=True)
class Info:
    """Content of an Info.cfg.

    Attributes:
        frames: Numbers of the end-diastolic and the end-systolic frame, from 1.
        series_frames: Number of frames in the whole recording; None if not given.
        group: Diagnosis: NOR, MINF, DCM, HCM or RV; empty if not given.
    """

    frames: dict[Phase, int]
    series_frames: int | None = None
    group: str = ""


def info_path(folder: Path) -> Path:
    """Path of a patient's Info.cfg, whatever the case of its name."""
    path = folder / "Info.cfg"
    return same_name(path) or path


def read_info(path: Path) -> Info:
    """Read an Info.cfg, which holds lines of the form `Key: value`.

    Raises:
        DataError: The file is missing, or ED or ES is not the number of a frame.
    """
    text = read_text(path, fix="every ACDC patient has one")
    values: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        key, separator, value = line.partition(":")
        if separator:
            values[key.strip()] = (number, value.strip())
    series_frames = _frame_number(values.get("NbFrame", (0, ""))[1])
    faults = []
    frames: dict[Phase, int] = {}
    phases = ("ED", "ES")
    for phase in phases:
        number, value = values.get(phase, (0, ""))
        frame = _frame_number(value)
        if not number:
            faults.append(DataError(f"the key {phase} is missing", where=path))
        elif frame is None:
            faults.append(DataError(f"{phase} is {value!r}, not a frame number from 1", where=f"{path}:{number}"))
        elif series_frames is not None and frame > series_frames:
            faults.append(DataError(f"{phase} is {frame}, but NbFrame is {series_frames}", where=f"{path}:{number}"))
        else:
            frames[phase] = frame
    if not faults and frames["ED"] == frames["ES"]:
        faults.append(DataError(f"ED and ES are the same frame {frames['ED']}", where=path))
    if faults:
        raise DataError.collect(faults)
    return Info(frames, series_frames, values.get("Group", (0, ""))[1])


def _frame_number(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and 1 <= number < 10_000 else None
