"""Segments one scan: prepares it as in training, and returns the labels on the scan's own grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.preprocessing.placement import segmented
from gridctl_trainer.preprocessing.prepared import PreparedPatient, PreparedSet, prepare_patient
from gridctl_trainer.training.cases.clean_up import largest_component
from gridctl_trainer.training.cases.segmentation import scanned_logits
from gridctl_trainer.training.prediction.members import Member
from gridctl_trainer.training.prediction.recording import Recording

_SCAN: Final = "scan"


def segment_scan(
    recording: Recording,
    members: Sequence[Member],
    device: torch.device,
    notice: Callable[[str], None],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> NDArray[np.uint8]:
    """Segment a scan. Several models segment it by the mean of their probabilities.

    Args:
        recording: The scan with all that the models need of it.
        members: The models, which segment the same structures.
        device: The device that the models are on.
        notice: Receives what is odd about the scan.
        progress: Called with the number of minibatches done and the total.

    Returns:
        The labels of each wanted frame, (T, slices, rows, columns) uint8: 0 for the background, else the number of a
        structure in the target, from 1.

    Raises:
        DataError: The scan is not an image.
        StepError: A preprocessing step fails on it.
        NonFiniteScoreError: A model's output is NaN or infinite.
    """
    prepared: dict[str, PreparedSet] = {}
    said = []
    for member in members:
        key = _preparation(member)
        if key not in prepared:
            parts = list(_prepared(recording, member))
            said += [oddity.what for part in parts for oddity in part.oddities]
            prepared[key] = PreparedSet.join(parts, member.spec.data.target)
    for what in dict.fromkeys(said):
        notice(what)
    shape = (len(recording.wanted), *recording.images.shape[2:])
    found = np.zeros(shape, dtype=np.uint8).reshape(-1, *shape[2:])
    outputs = [
        scanned_logits(
            member.model,
            prepared[_preparation(member)],
            member.spec.training.external_batch_size,
            device,
            told,
        )
        for member, told in zip(members, _progress_of(members, progress), strict=True)
    ]
    for of_slice in zip(*outputs, strict=True):
        row = of_slice[0][0]
        found[row] = segmented(of_slice[0][2]) if len(of_slice) == 1 else _by_mean([logits for *_, logits in of_slice])
    labels = found.reshape(shape)
    return _cleaned(labels, len(members[0].spec.data.target)) if _cleans(members) else labels


def _prepared(recording: Recording, member: Member) -> Iterator[PreparedPatient]:
    """Prepare what a model reads of each time point. Only one time point's raw images are in memory at once."""
    scan = recording.scan
    for frame in recording.wanted:
        series = recording.series(frame, member.frames)
        series = series[:, 0] if member.channels == 1 else series
        slices = [
            LabelledSlice(
                patient=_SCAN,
                phase=f"{frame:04d}",
                index=index,
                series=np.ascontiguousarray(series[..., index, :, :]),
                masks={},
                spacing_mm=scan.spacing_mm,
                source=scan.source,
                image_source=scan.source,
            )
            for index in range(series.shape[-3])
        ]
        yield prepare_patient(slices, (), member.spec.data)


def _by_mean(logits: Sequence[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """Labels by the mean probability: inside if it is above one half, or the class with the largest of several."""
    probabilities = np.stack([_probabilities(one.astype(np.float64)) for one in logits]).mean(0)
    if len(probabilities) == 1:
        return np.asarray(probabilities[0] > 0.5, dtype=np.uint8)
    return segmented(probabilities.astype(np.float32))


def _probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(logits) == 1:
        single: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
        return single
    powers = np.exp(logits - logits.max(0))
    several: NDArray[np.float64] = powers / powers.sum(0)
    return several


def _preparation(member: Member) -> str:
    written = member.spec.data.model_dump_json(include={"size_px", "preprocessing", "target"})
    return f"{member.frames} {written}"


def _cleans(members: Sequence[Member]) -> bool:
    return members[0].spec.scoring.clean_up == "largest_component"


def _cleaned(labels: NDArray[np.uint8], structures: int) -> NDArray[np.uint8]:
    kept = np.zeros_like(labels)
    for time, volume in enumerate(labels):
        for number in range(1, structures + 1):
            kept[time][largest_component(volume == number, np.arange(len(volume)))] = number
    return kept


def _progress_of(
    members: Sequence[Member], progress: Callable[[int, int], None]
) -> Iterator[Callable[[int, int], None]]:
    """A callback for each model. The models take turns, so the last one's progress is the progress of all."""
    for number in range(len(members)):
        yield progress if number == len(members) - 1 else lambda _done, _total: None
