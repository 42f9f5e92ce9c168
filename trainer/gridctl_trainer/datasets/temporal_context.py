"""Chooses the frames that lead up to a labelled frame (thesis 5.5)."""

from __future__ import annotations

from collections.abc import Sequence

from gridctl_trainer.datasets.slices import Phase


def frames_before(labelled: int, phase: Phase, count: int) -> list[int]:
    """The numbers of the frames in a series that ends at the labelled frame.

    The series runs forward in time to end-systole and backward to end-diastole, so that the labelled frame comes last
    and the heart moves towards it.

    Args:
        labelled: Number of the labelled frame.
        phase: Time point that the labelled frame shows.
        count: Number of frames in the series, including the labelled one.

    Returns:
        `count` consecutive numbers with `labelled` last; some may lie outside the recording.
    """
    step = 1 if phase == "ED" else -1
    return [labelled + step * distance for distance in range(count - 1, -1, -1)]


def pad_series(wanted: Sequence[int], present: Sequence[int]) -> tuple[list[int], int]:
    """Fill the beginning of a series, where frames are missing, with its first frame.

    Args:
        wanted: Frame numbers in the order of the series; the last one must be present.
        present: Numbers of the frames that exist.

    Returns:
        As many frame numbers as were wanted, all of them present, and the number of padded ones.
    """
    there = set(present)
    first = len(wanted) - 1
    while first > 0 and wanted[first - 1] in there:
        first -= 1
    return [wanted[first]] * first + list(wanted[first:]), first
