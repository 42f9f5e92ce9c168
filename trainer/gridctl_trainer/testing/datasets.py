"""Tests of what every data set promises. Subclass `DatasetContract`, name the data set and its files, and run pytest.

class TestHearts(DatasetContract):
    dataset = "hearts"

    @pytest.fixture(scope="class")
    def root(self, tmp_path_factory):
        return ...  # a folder with at least two patients
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import numpy as np
import pytest

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.datasets.base import SeriesDataset
from gridctl_trainer.datasets.foreign_reading import why_no_slice
from gridctl_trainer.datasets.quality.oddities import Oddity
from gridctl_trainer.datasets.registry import CaseSource, find_sources
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.dataset import DATASETS, structures_of
from gridctl_trainer.preprocessing.reading import prepare_in_memory
from gridctl_trainer.preprocessing.recipe import Recipe
from gridctl_trainer.testing.light_descriptor import require_light

_CASES = 3
_SIZE_PX = 32


class DatasetContract:
    """The promises of a data set, each as a test. Only the first cases of a large data set are read.

    Attributes:
        dataset: Short name of the data set, or its path `pkg.module:Name`.
        options: The options that it is tested with.
    """

    dataset: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture
    def root(self) -> Path:
        """A folder with files of at least two patients. Override it."""
        raise NotImplementedError("override the fixture root with a folder that holds files of this data set")

    @pytest.fixture
    def sources(self, root: Path) -> list[CaseSource]:
        """The cases in that folder."""
        return find_sources(self.dataset, root, self.options)

    def test_it_is_described(self) -> None:
        described = DATASETS.find(self.dataset)
        assert described.summary
        assert described.title
        assert described.structures, "say which structures it labels"

    def test_it_is_described_without_what_reads_files(self) -> None:
        """A laptop that only submits must know it. A data set that is named by its path is exempt."""
        if not is_class_path(self.dataset):
            require_light(f"from gridctl_trainer.plugins.dataset import DATASETS; DATASETS.find({self.dataset!r})")

    def test_cases_are_sorted_by_patient_and_name_their_files(self, sources: list[CaseSource], root: Path) -> None:
        patients = [source.patient for source in sources]
        assert patients == sorted(patients)
        assert len(set(patients)) >= 2, "a set of one patient cannot be split"
        assert all(patients), "every patient has an id"
        for source in sources:
            assert source.files, f"{source.patient} names no file, so its packs would never be rebuilt"
            assert all(path.is_file() for path in source.files)

    def test_looking_twice_finds_the_same(self, sources: list[CaseSource], root: Path) -> None:
        again = find_sources(self.dataset, root, self.options)
        assert [source.patient for source in again] == [source.patient for source in sources]
        assert [source.fingerprint(root) for source in again] == [source.fingerprint(root) for source in sources]

    def test_a_folder_that_is_not_there_or_holds_nothing_is_an_error_that_names_it(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        for folder in ("empty", "nowhere"):
            with pytest.raises(DataError) as raised:
                find_sources(self.dataset, tmp_path / folder, self.options)
            assert str(tmp_path / folder) in str(raised.value)

    def test_every_slice_is_one(self, sources: list[CaseSource]) -> None:
        for source in sources[:_CASES]:
            slices = _read(source)
            assert slices, f"{source.patient} has no slice"
            for found in slices:
                assert list(why_no_slice(found, 1)) == [], found.name
                assert found.patient == source.patient
                assert found.source.is_file()
                assert found.image_source.is_file()

    def test_names_of_slices_are_unique(self, sources: list[CaseSource]) -> None:
        names = [found.name for source in sources[:_CASES] for found in _read(source)]
        assert len(set(names)) == len(names)

    def test_what_is_labelled_is_what_it_says_that_it_labels(self, sources: list[CaseSource]) -> None:
        known = structures_of(DatasetSpec(dataset=self.dataset, path="-", options=self.options))
        seen = {
            name
            for source in sources[:_CASES]
            for found in _read(source)
            for name, mask in found.masks.items()
            if mask.any()
        }
        assert seen, "nothing is labelled on any slice"
        assert seen <= set(known)

    def test_a_spacing_that_is_not_known_is_said(self, sources: list[CaseSource]) -> None:
        for source in sources[:_CASES]:
            said: list[Oddity] = []
            slices = source.read(1, said.append)
            if any(found.spacing_mm[2] == 0 for found in slices):
                assert said, f"{source.patient} has no distance between slices, and nothing says so"

    def test_reading_twice_and_in_threads_gives_the_same(self, sources: list[CaseSource]) -> None:
        chosen = sources[:_CASES]
        first = [_read(source) for source in chosen]
        with ThreadPoolExecutor(4) as pool:
            for expected, again in zip(first * 2, pool.map(_read, chosen * 2), strict=True):
                _assert_same(expected, again)

    def test_notices_are_sentences_that_name_a_place(self, sources: list[CaseSource]) -> None:
        said: list[Oddity] = []
        for source in sources[:_CASES]:
            source.judge(source.read(1, said.append), said.append)
        assert all(oddity.what and oddity.where for oddity in said)

    def test_series_end_with_the_labelled_frame(self, sources: list[CaseSource]) -> None:
        source = sources[0]
        if not isinstance(source.dataset, SeriesDataset):
            return
        try:
            source.dataset.require_series([source.case], source.files[0].parent)
        except DataError:
            return  # these files have none
        for alone, series in zip(_read(source), source.read(2, lambda _oddity: None), strict=True):
            assert list(why_no_slice(series, 2)) == []
            np.testing.assert_array_equal(series.series[-1], alone.series[-1])

    def test_it_is_prepared_for_models(self, sources: list[CaseSource], root: Path) -> None:
        given = DatasetSpec(dataset=self.dataset, path=str(root), options=self.options)
        structure = structures_of(given)[0]
        data = DataSpec(train=given, size_px=_SIZE_PX, target=(structure,))
        chosen = list(itertools.islice(sources, _CASES))
        prepared = prepare_in_memory(chosen, Recipe.of(self.dataset, data, 1, self.options))
        assert prepared.images.shape[-2:] == (_SIZE_PX, _SIZE_PX)
        assert np.isfinite(prepared.images).all()
        assert prepared.channels >= 1

    def test_its_folder_is_recognised_by_names(self, sources: list[CaseSource], root: Path) -> None:
        folder = None if is_class_path(self.dataset) else DATASETS.find(self.dataset).folder
        if folder is None:
            return
        paths = [path.relative_to(root) for source in sources for path in source.files if path.is_relative_to(root)]
        assert any(folder.sign.fullmatch(part) for path in paths for part in path.parts)
        found = folder.find([PurePosixPath(path.as_posix()) for path in paths])
        assert {patient for patients in found.values() for patient in patients} == {item.patient for item in sources}


def _read(source: CaseSource) -> Sequence[LabelledSlice]:
    return source.read(1, lambda _oddity: None)


def _assert_same(expected: Sequence[LabelledSlice], again: Sequence[LabelledSlice]) -> None:
    assert [found.name for found in again] == [found.name for found in expected]
    for one, other in zip(expected, again, strict=True):
        np.testing.assert_array_equal(one.series, other.series)
        assert one.masks.keys() == other.masks.keys()
        for name, mask in one.masks.items():
            np.testing.assert_array_equal(mask, other.masks[name])
        assert one.spacing_mm == other.spacing_mm
