"""Writes masks of all scans at a place, and a file that says what their numbers mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import torch

from gridctl_trainer.contract.errors import DataError, Fault, Problem, SpecError
from gridctl_trainer.contract.wording import count
from gridctl_trainer.datasets.formats.scan import write_mask
from gridctl_trainer.host.atomic_file import replacing
from gridctl_trainer.training.machine.device import DeviceName, choose_device
from gridctl_trainer.training.prediction.channels import scans_of_channels
from gridctl_trainer.training.prediction.lacking import LacksChannelsError, LacksFramesError, said_lacking
from gridctl_trainer.training.prediction.members import Member, load_member, require_one_kind
from gridctl_trainer.training.prediction.recording import read_recording
from gridctl_trainer.training.prediction.scans import FoundScan, find_scans
from gridctl_trainer.training.prediction.segmenting import segment_scan

SIDECAR: Final = "dataset.json"
ENDING: Final = ".nii.gz"

_NAMED: Final = 5


class Told(Protocol):
    """Receives progress, notes and the paths of written masks."""

    def progress(self, what: str, done: int, total: int) -> None: ...

    def note(self, text: str) -> None: ...

    def written(self, path: Path) -> None: ...


@dataclass(frozen=True, slots=True)
class Request:
    """What to predict, and how.

    Attributes:
        specs: Locations of the specifications of the runs. Several runs form an ensemble.
        store: The store of the runs; None for the one that holds the specifications.
        place: Where the scans are.
        output: Folder for the masks.
        best: Whether to use the weights of the best epoch instead of the last.
        device: The device to compute on.
        diastole: Number of the end-diastolic frame in recordings that do not say it; None for the first frame.
    """

    specs: Sequence[str]
    store: str | None
    place: Path
    output: Path
    best: bool
    device: DeviceName
    diastole: int | None = None


def predict(request: Request, told: Told) -> None:
    """Segment every scan. Scans that cannot be segmented are reported at the end, after all others are done.

    Args:
        request: What to predict, and how.
        told: Receives the progress.

    Raises:
        SpecError: A run has no such weights, or the runs cannot form an ensemble for these scans.
        DataError: Scans cannot be read, or their spacing or orientation is unknown. It names each of them.
        StoreError: The store failed.
    """
    device = choose_device(request.device)
    files = find_scans(request.place, told.note)
    members = []
    for number, location in enumerate(request.specs):
        told.progress("loading models", number, len(request.specs))
        members.append(load_member(location, request.store, device, best=request.best))
    require_one_kind(members)
    length, channels = max(member.frames for member in members), members[0].channels
    scans, problems = scans_of_channels(files, channels, request.place, told.note)
    _require_apart(files, scans, request.output)
    torch.set_num_threads(members[0].spec.training.threads)
    cv2.setNumThreads(members[0].spec.training.threads)
    _look_for_training_patients(scans, request.place, members, told.note)
    root = request.place.resolve().name
    lacking: dict[type[DataError], list[FoundScan]] = {}
    written: dict[str, str] = {}
    for number, found in enumerate(scans, 1):

        def progress(done: int, total: int, what: str = f"{number}/{len(scans)} {found.name}") -> None:
            told.progress(what, done, total)

        try:
            noted = _noted(told.note, found)
            recording = read_recording(found, length, channels, request.diastole, noted)
            labels = segment_scan(recording, members, device, noted, progress)
            write_mask(path := request.output / f"{found.name}{ENDING}", labels, recording.scan)
        except (LacksFramesError, LacksChannelsError) as fault:
            lacking.setdefault(type(fault), []).append(found)
        except DataError as fault:
            problems += fault.problems
        except Fault as fault:
            problems += [Problem(problem.what, str(found.source), problem.fix) for problem in fault.problems]
        except OSError as error:
            raise SpecError(
                f"cannot write the mask: {error.strerror or error}",
                where=error.filename or request.output,
                fix="give another -o",
            ) from None
        else:
            written[found.name] = str(found.source.name)
            told.written(path)
    if written:
        _write_sidecar(request, members, written, _of_training_patients(written, root, members))
    problems += [said_lacking(kind, of_kind, request.place, members) for kind, of_kind in lacking.items()]
    if problems:
        told.note(f"{count(len(written), 'scan')} of {len(scans)} segmented")
        raise DataError(problems)


def _noted(note: Callable[[str], None], found: FoundScan) -> Callable[[str], None]:
    return lambda what: note(f"{found.source}: {what}")


def _require_apart(files: Sequence[FoundScan], scans: Sequence[FoundScan], output: Path) -> None:
    """Refuse to write a mask over a scan.

    Raises:
        SpecError: A mask would replace a scan.
    """
    masks = {(output / f"{found.name}{ENDING}").resolve() for found in scans}
    for found in files:
        path = found.source.resolve()
        # An uncompressed scan would not be replaced but hidden, since of two files the compressed one is read.
        if not found.images and (mask := {path, path.with_name(f"{path.name}.gz")} & masks):
            raise SpecError(
                f"its mask would replace it: {mask.pop()}", where=str(found.source), fix="give another folder as -o"
            )


def _look_for_training_patients(
    scans: Sequence[FoundScan], place: Path, members: Sequence[Member], note: Callable[[str], None]
) -> None:
    """Note the scans of patients that the model was trained on. For an ensemble, there must be none.

    Raises:
        SpecError: A member of an ensemble was trained on one of the patients.
    """
    root = place.resolve()
    met: dict[str, list[str]] = {}
    for found in scans:
        for member in members:
            if patient := member.trained_on_scan(f"{root.name}/{found.name}"):
                met.setdefault(patient, [])
                if member.spec.run_id not in met[patient]:
                    met[patient].append(member.spec.run_id)
    if not met:
        return
    named = [f"{patient} by {', '.join(runs)}" for patient, runs in sorted(met.items())]
    more = f"; and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    what = f"{count(len(met), 'patient')} trained on: {'; '.join(named[:_NAMED])}{more}"
    if len(members) == 1:
        note(f"{what}. Their masks do not show how well the model does on new patients")
        return
    raise SpecError(
        f"{what}. An ensemble may only segment patients who are new to all of its members",
        where=str(place),
        fix="leave these scans out, or predict with single runs",
    )


def _of_training_patients(written: Iterable[str], root: str, members: Sequence[Member]) -> dict[str, list[str]]:
    """The scans of patients that a member was trained on, each with the ids of these members' runs."""
    found = {name: [m.spec.run_id for m in members if m.trained_on_scan(f"{root}/{name}")] for name in sorted(written)}
    return {name: runs for name, runs in found.items() if runs}


def _write_sidecar(
    request: Request, members: Sequence[Member], written: Mapping[str, str], trained_on: Mapping[str, Sequence[str]]
) -> None:
    target = members[0].spec.data.target
    content: dict[str, Any] = {
        "labels": {"background": 0, **{name: number for number, name in enumerate(target, 1)}},
        "file_ending": ENDING,
        "checkpoint": "best" if request.best else "final",
        "clean_up": members[0].spec.scoring.clean_up,
        "runs": [
            {
                "run_id": member.spec.run_id,
                "epoch": member.epoch,
                "weights_sha256": member.weights_sha256,
                "trained_on": sorted(member.trained_on),
            }
            for member in members
        ],
        "masks": {f"{name}{ENDING}": source for name, source in sorted(written.items())},
        "masks_of_training_patients": {f"{name}{ENDING}": runs for name, runs in trained_on.items()},
    }
    with replacing(request.output / SIDECAR) as file:
        file.write((json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
