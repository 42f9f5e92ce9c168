"""The synthetic set has real formats, the same bytes for the same seed, and beating hearts."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.datasets.acdc import patients as acdc
from gridctl_trainer.datasets.phantom import dataset as phantom_module
from gridctl_trainer.datasets.phantom.dataset import write_phantom
from gridctl_trainer.datasets.registry import find_sources
from gridctl_trainer.datasets.slices import LabelledSlice
from gridctl_trainer.datasets.sunnybrook import patients as sunnybrook
from gridctl_trainer.preprocessing.reading import prepare_in_memory
from gridctl_trainer.preprocessing.recipe import Recipe
from tests.unit.data.conftest import OPTIONS


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def volume_ml(slices: list[LabelledSlice], phase: str) -> float:
    return sum(s.mask.sum() * np.prod(s.spacing_mm) / 1000 for s in slices if s.phase == phase)


def every_heart(folder: Path) -> list[list[LabelledSlice]]:
    first = [acdc.read_patient(path) for path in acdc.find_patients(folder / "acdc")]
    return first + [sunnybrook.read_patient(patient) for patient in sunnybrook.find_patients(folder / "sunnybrook")]


def test_both_sets_go_through_the_loaders_of_real_data(phantom: Path) -> None:
    hearts = every_heart(phantom)
    assert len(hearts) == 5
    for slices in hearts:
        assert {s.phase for s in slices} == {"ED", "ES"}
        assert len({s.name for s in slices}) == len(slices)
        assert all(s.image.dtype == np.float32 and s.mask.dtype == np.uint8 for s in slices)


def test_hearts_beat(phantom: Path) -> None:
    """Volumes and ejection fractions are clinically plausible."""
    for slices in every_heart(phantom):
        diastole, systole = volume_ml(slices, "ED"), volume_ml(slices, "ES")
        assert 20 < diastole < 500
        assert 0.08 < (diastole - systole) / diastole < 0.85


def test_the_cavity_is_brighter_than_the_ring_around_it(phantom: Path) -> None:
    import cv2

    for slices in every_heart(phantom):
        for labelled in slices:
            if labelled.mask.any():
                ring = cv2.dilate(labelled.mask, np.ones((5, 5), np.uint8)) - labelled.mask
                assert labelled.image[labelled.mask == 1].mean() > 1.3 * labelled.image[ring == 1].mean()


def test_the_second_set_looks_different(phantom: Path) -> None:
    kinds: tuple[str, ...] = ("acdc", "sunnybrook")
    data = DataSpec(train=DatasetSpec(dataset="acdc", path="-"), size_px=32)
    first, second = (prepare_in_memory(find_sources(kind, phantom / kind), Recipe.of(kind, data, 1)) for kind in kinds)
    raw = [
        np.concatenate([s.image.ravel() for s in hearts])
        for hearts in (every_heart(phantom)[0], every_heart(phantom)[-1])
    ]
    assert raw[1].mean() > 1.5 * raw[0].mean()
    assert first.images.shape[1:] == second.images.shape[1:] == (32, 32)
    assert first.digest != second.digest


def test_the_same_options_give_the_same_bytes_and_another_seed_others(phantom: Path, tmp_path: Path) -> None:
    write_phantom(tmp_path / "same", OPTIONS)
    write_phantom(tmp_path / "other", dataclasses.replace(OPTIONS, seed=12))
    assert digests(tmp_path / "same") == digests(phantom)
    shared = {name for name, digest in digests(tmp_path / "other").items() if digests(phantom).get(name) == digest}
    assert not [name for name in shared if name.endswith((".nii.gz", ".dcm"))]


def test_written_twice_it_is_left_alone_and_something_else_is_never_overwritten(phantom: Path, tmp_path: Path) -> None:
    before = digests(phantom)
    assert not write_phantom(phantom, OPTIONS)
    assert digests(phantom) == before
    with pytest.raises(DataError, match="a phantom with other options is there"):
        write_phantom(phantom, dataclasses.replace(OPTIONS, seed=12))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.docx").write_text("years of work")
    with pytest.raises(DataError, match="not a phantom"):
        write_phantom(tmp_path / "mine", OPTIONS)
    assert (tmp_path / "mine" / "thesis.docx").read_text() == "years of work"


def test_a_write_that_ends_early_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_phantom(tmp_path / "phantom", OPTIONS, interrupted)
    assert list(tmp_path.iterdir()) == []
    assert phantom_module.VERSION >= 1
