"""Reads and prepares all patients of a data set, several at once, and collects all mistakes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gridctl_trainer.contract.errors import DataError, Problem
from gridctl_trainer.datasets.quality.oddities import Oddity, settled
from gridctl_trainer.datasets.registry import CaseSource
from gridctl_trainer.datasets.slices import Progress
from gridctl_trainer.preprocessing.prepared import PreparedPatient, PreparedSet, prepare_patient
from gridctl_trainer.preprocessing.recipe import Recipe

T = TypeVar("T")


def read_and_prepare(source: CaseSource, recipe: Recipe) -> PreparedPatient:
    """Read and prepare one patient.

    Raises:
        DataError: Files are missing, unreadable or wrong; the error names them.
    """
    oddities: list[Oddity] = []
    slices = source.read(recipe.frames, oddities.append)
    source.judge(slices, oddities.append)
    return prepare_patient(slices, [settled(oddity, recipe.target) for oddity in oddities], recipe.data)


def prepare_in_memory(sources: Sequence[CaseSource], recipe: Recipe, progress: Progress | None = None) -> PreparedSet:
    """Read and prepare a whole data set without keeping anything on disk.

    Args:
        sources: The patients.
        recipe: How to prepare them.
        progress: Called with the number of patients done and the total number; it may raise to stop.

    Raises:
        DataError: Files are missing, unreadable or wrong; the error names them.
    """
    parts = list(each_patient(sources, lambda source: read_and_prepare(source, recipe), progress))
    return PreparedSet.join(parts, recipe.target)


def each_patient(
    sources: Sequence[CaseSource],
    work: Callable[[CaseSource], T],
    progress: Progress | None = None,
    workers: int = 1,
) -> Iterator[T]:
    """Do something for every patient in threads, as decompression and OpenCV release the interpreter lock.

    Args:
        sources: The patients.
        work: Called for each patient; it may raise DataError.
        progress: Called in this thread with the number of patients done and the total number; it may raise to stop.
        workers: Number of threads.

    Yields:
        The results in the order of patients, up to the first mistake.

    Raises:
        DataError: Something was wrong. It is raised once all patients are done, and lists everything.
    """
    problems: list[Problem] = []
    executor = ThreadPoolExecutor(max_workers=workers)
    try:
        waiting = iter(sources)
        # Only a bounded number is read ahead, so that results do not pile up in memory if the caller is slow.
        pending = [executor.submit(work, source) for source in itertools.islice(waiting, 2 * workers)]
        for done in range(len(sources)):
            if progress:
                progress(done, len(sources))
            future = pending.pop(0)
            if (after := next(waiting, None)) is not None:
                pending.append(executor.submit(work, after))
            try:
                result = future.result()
            except DataError as fault:
                problems += fault.problems
                continue
            if not problems:
                yield result
        if progress:
            progress(len(sources), len(sources))
    finally:
        executor.shutdown(cancel_futures=True)
    if problems:
        raise DataError(problems)
