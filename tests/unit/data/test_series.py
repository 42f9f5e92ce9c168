"""Series end at the labelled frame, run backward to end-diastole, and report padding."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.datasets.acdc import patients as acdc
from gridctl_trainer.datasets.acdc.files import series_path
from gridctl_trainer.datasets.acdc.series import check_series
from gridctl_trainer.datasets.formats.dicom import read_dicom
from gridctl_trainer.datasets.formats.info_cfg import read_info
from gridctl_trainer.datasets.formats.nifti import read_series
from gridctl_trainer.datasets.quality.oddities import Oddity
from gridctl_trainer.datasets.registry import find_sources, require_series
from gridctl_trainer.datasets.slices import Phase
from gridctl_trainer.datasets.sunnybrook import patients as sunnybrook
from gridctl_trainer.datasets.temporal_context import frames_before, pad_series


@given(st.integers(-5, 40), st.sampled_from(["ED", "ES"]), st.integers(1, 12))
def test_the_labelled_frame_is_last_and_frames_follow_one_another(labelled: int, phase: Phase, count: int) -> None:
    frames = frames_before(labelled, phase, count)
    assert len(frames) == count
    assert frames[-1] == labelled
    assert set(np.diff(frames)) <= ({-1} if phase == "ED" else {1})


@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from(["ED", "ES"]), st.integers(1, 9))
def test_what_is_missing_is_the_first_frame_there_is(labelled: int, recorded: int, phase: Phase, count: int) -> None:
    recorded = max(recorded, labelled)
    wanted = frames_before(labelled, phase, count)
    numbers, padded = pad_series(wanted, range(1, recorded + 1))
    assert numbers == np.clip(wanted, 1, recorded).tolist()
    assert padded == sum(not 1 <= number <= recorded for number in wanted)


@pytest.fixture
def patient(moving_phantom: Path, tmp_path: Path) -> Path:
    source = acdc.find_patients(moving_phantom / "acdc")[0]
    return Path(shutil.copytree(source, tmp_path / source.name))


def test_acdc_series_are_frames_of_the_4d_file_to_the_labelled_one(patient: Path) -> None:
    recorded = read_series(series_path(patient)).array
    for labelled in acdc.read_patient(patient, frames=4):
        frame = read_info(patient / "Info.cfg").frames[labelled.phase]
        step = -1 if labelled.phase == "ES" else 1
        for back, image in enumerate(labelled.series[::-1]):
            np.testing.assert_array_equal(image, recorded[frame - 1 + step * back, labelled.index])


def test_hearts_move_towards_the_labelled_phase(patient: Path) -> None:
    """The heart contracts to end-systole and, in reversed time, fills to end-diastole, so blood covers other pixels."""
    for labelled in acdc.read_patient(patient, frames=7):
        apart = [float(np.abs(frame - labelled.image).mean()) for frame in labelled.series[:-1]]
        assert np.mean(apart[:2]) > np.mean(apart[-2:]), "the first frames are the least like the labelled one"


def test_a_series_that_begins_too_late_is_padded_and_says_so(patient: Path) -> None:
    said: list[Oddity] = []
    frame = read_info(patient / "Info.cfg").frames["ES"]
    slices = acdc.read_patient(patient, frames=frame + 2, notice=said.append)
    last = next(labelled for labelled in slices if labelled.phase == "ES")
    np.testing.assert_array_equal(last.series[0], last.series[1])
    np.testing.assert_array_equal(last.series[1], last.series[2])
    assert not np.array_equal(last.series[2], last.series[3])
    assert [oddity.what for oddity in said] == [
        f"the series of {frame + 2} frames to ES is padded 2 times by its first, 1"
    ]
    assert said[0].where == str(series_path(patient))


def test_without_the_4d_file_there_is_no_context_and_it_is_named(patient: Path) -> None:
    series_path(patient).unlink()
    assert acdc.read_patient(patient)
    with pytest.raises(DataError, match="the file is missing") as raised:
        acdc.read_patient(patient, frames=2)
    assert raised.value.problems[0].where == str(series_path(patient))


def test_a_set_without_4d_files_is_refused_in_one_message(patient: Path) -> None:
    root = patient.parent
    require_series(find_sources("acdc", root), root)
    series_path(patient).unlink()
    sources = find_sources("acdc", root)
    with pytest.raises(DataError, match="1 of 1 patient has no 4D series") as raised:
        require_series(sources, root)
    (problem,) = raised.value.problems
    assert patient.name in problem.what
    assert "data phantom OUT --series" in problem.fix


@pytest.mark.parametrize(
    ("damage", "said", "wrong"), [("shift", "is not the ED volume", True), ("cut", "NbFrame", False)]
)
def test_a_4d_file_is_compared_with_the_labelled_frames(damage: str, said: str, wrong: bool, patient: Path) -> None:
    found: list[Oddity] = []
    info = read_info(patient / "Info.cfg")
    assert check_series(patient, info, found.append) == 20
    assert found == []
    path = series_path(patient)
    image = nibabel.nifti1.Nifti1Image.from_filename(path)
    array = np.asanyarray(image.dataobj)
    changed = np.roll(array, 1, axis=3) if damage == "shift" else array[..., :15]
    nibabel.save(nibabel.nifti1.Nifti1Image(changed, image.affine, image.header), path)  # type: ignore[no-untyped-call]
    check_series(patient, info, found.append)
    assert re.search(said.replace("NbFrame", "Info.cfg says 20"), found[0].what)
    assert found[0].wrong == wrong


def test_sunnybrook_series_close_the_heart_cycle(moving_phantom: Path) -> None:
    """End-diastole is the last of 20 phases, so the frames after it, which are shown before it, are the first ones."""
    (patient,) = sunnybrook.find_patients(moving_phantom / "sunnybrook")
    said: list[Oddity] = []
    slices = sunnybrook.read_patient(patient, frames=4, notice=said.append)
    assert said == []
    systole = next(n for n in patient.contours["i"] if (n - 1) % 20 not in (0, 19)) - 1
    for labelled in slices:
        phases = [2, 1, 0, 19] if labelled.phase == "ED" else [systole - 3, systole - 2, systole - 1, systole]
        for image, phase in zip(labelled.series, phases, strict=True):
            path = patient.images[labelled.index * 20 + phase % 20 + 1]
            np.testing.assert_array_equal(image, read_dicom(path).pixels)


def test_missing_images_of_a_sunnybrook_series_are_padded_and_said(phantom: Path) -> None:
    """The small phantom has files of labelled phases only."""
    said: list[Oddity] = []
    patient = sunnybrook.find_patients(phantom / "sunnybrook")[0]
    slices = sunnybrook.read_patient(patient, frames=3, notice=said.append)
    assert len(said) == len(slices)
    assert all("padded 2 times by its first frame" in oddity.what for oddity in said)
    assert all(np.array_equal(frame, labelled.image) for labelled in slices for frame in labelled.series)
