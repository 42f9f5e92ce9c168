"""Which frames lead up to a labelled one (thesis 5.5)."""

from __future__ import annotations

from collections.abc import Sequence

from gridctl_trainer.datasets.slices import Phase


def frames_before(labelled: int, phase: Phase, count: int) -> list[int]:
    """Numbers of the frames of a series that ends at the labelled frame.

    Time runs forward to end-systole and backward to end-diastole, so that the labelled frame is
    the last one and the heart moves towards it.

    Args:
        labelled: Number of the labelled frame.
        phase: What it shows.
        count: Frames of the series, the labelled one included.

    Returns:
        `count` consecutive numbers, `labelled` last; they may lie outside the recording.
    """
    step = 1 if phase == "ED" else -1
    return [labelled + step * distance for distance in range(count - 1, -1, -1)]


def pad_series(wanted: Sequence[int], present: Sequence[int]) -> tuple[list[int], int]:
    """Replace what is missing at the beginning of a series by its first frame.

    Args:
        wanted: Numbers in the order of the series; the last one is present.
        present: Numbers of the frames there are.

    Returns:
        As many numbers, all of them present, and how many of them are padding.
    """
    there = set(present)
    first = len(wanted) - 1
    while first > 0 and wanted[first - 1] in there:
        first -= 1
    return [wanted[first]] * first + list(wanted[first:]), first
