"""`gridctl predict` with models that read series of frames, and with models that read several channels."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from gridctl_trainer.contract.records.case_scores import CaseScores, read_cases
from tests.e2e.test_predict import patients, run_folders

ROOT = os.environ.get("GRIDCTL_TEST_DATA", "")
real = pytest.mark.skipif(
    not ROOT, reason="no real data: set GRIDCTL_TEST_DATA to a folder with `acdc` and `sunnybrook`"
)

SERIES = """\
name: moving
models:
  gamma_net:
    {channels: [4, 8], down_fgru_kernels: [3, 1], up_fgru_kernels: [1], temporal: true, timesteps: 3, batch_size: 4}
train_ratios: [0.5]
seeds: [1]
data:
  train: {dataset: acdc, path: phantom/acdc}
  external: {sunnybrook: {dataset: sunnybrook, path: phantom/sunnybrook}}
  size_px: 96
training: {epochs: 3, learning_rate: 0.02}
metrics: [dice, soft_dice]
"""
CHANNELS = """\
name: coloured
models:
  unet: {channels: [4, 8], batch_size: 4}
train_ratios: [0.5]
seeds: [1]
data:
  train: {dataset: nnunet, path: raw, options: {pattern: '(?P<patient>p\\d+)_frame(?P<time_point>\\d+)'}}
  size_px: 96
training: {epochs: 2, learning_rate: 0.01}
metrics: [dice, soft_dice]
"""
Call = Callable[..., "subprocess.CompletedProcess[str]"]


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    called = [sys.executable, "-m", *arguments]
    return subprocess.run(called, cwd=folder, capture_output=True, text=True, check=False, env=dict(os.environ))


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recordings, and a run that was trained on series of three frames."""
    folder = tmp_path_factory.mktemp("moving")
    drawn = ["--series", "--patients", "3", "--generalisation-patients", "1", "--seed", "7", "--slices", "3"]
    assert command(folder, "gridctl_trainer", "data", "phantom", "phantom", *drawn).returncode == 0
    (folder / "moving.yaml").write_text(SERIES)
    done = command(folder, "gridctl", "submit", "moving.yaml", "--no-verify")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def coloured(moving: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nnU-Net's layout, two channels for each case, and a run that was trained on it."""
    folder = tmp_path_factory.mktemp("coloured")
    for name in ("imagesTr", "labelsTr"):
        (folder / "raw" / name).mkdir(parents=True)
    for path in sorted((moving / "phantom" / "acdc").rglob("*_frame??.nii.gz")):
        case = path.name.removesuffix(".nii.gz").replace("patient00", "p")
        image = nibabel.load(path)
        other = 1000 - np.asarray(image.dataobj).astype(np.int16)
        shutil.copy(path, folder / "raw" / "imagesTr" / f"{case}_0000.nii.gz")
        nibabel.save(
            nibabel.Nifti1Image(other, image.affine, image.header), folder / "raw/imagesTr" / f"{case}_0001.nii.gz"
        )
        shutil.copy(
            path.with_name(path.name.replace(".nii", "_gt.nii")), folder / "raw" / "labelsTr" / f"{case}.nii.gz"
        )
    described = {
        "channel_names": {"0": "cine", "1": "inverse"},
        "labels": {"background": 0, "right_ventricle": 1, "myocardium": 2, "left_ventricle": 3},
        "numTraining": 6,
        "file_ending": ".nii.gz",
    }
    (folder / "raw" / "dataset.json").write_text(json.dumps(described))
    (folder / "coloured.yaml").write_text(CHANNELS)
    done = command(folder, "gridctl", "submit", "coloured.yaml", "--no-verify")
    assert done.returncode == 0, done.stderr
    return folder


def predicted(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return command(folder, "gridctl", "predict", run_folders(folder)[0].name, *arguments)


def final_scores(folder: Path, patient: str) -> dict[str, CaseScores]:
    """The final scores of the left ventricle, by time point."""
    _, cases = read_cases((run_folders(folder)[0] / "cases.jsonl.gz").read_bytes())
    found = {case.time_point: case for case in cases if (case.checkpoint, case.patient) == ("final", patient)}
    assert any(case.true_positive for case in found.values()), "a model that sees nothing would prove nothing"
    return found


def mask_of(path: Path) -> np.ndarray:
    return np.asarray(nibabel.load(path).dataobj)


def counted(mask: np.ndarray, truth: np.ndarray) -> tuple[int, int, int]:
    inside, there = mask == 1, truth == 3
    return int((inside & there).sum()), int((inside & ~there).sum()), int((~inside & there).sum())


def test_a_model_of_series_segments_recordings_as_its_scorecard_says(moving: Path, tmp_path: Path) -> None:
    patient = patients(run_folders(moving)[0])["validation"][0]
    (folder,) = moving.rglob(patient)
    done = predicted(moving, str(folder), "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "end-diastole" not in done.stderr, "Info.cfg says which frame that is"
    recording = nibabel.load(tmp_path / f"{patient}_4d.nii.gz")
    source = nibabel.load(folder / f"{patient}_4d.nii.gz")
    assert recording.shape == source.shape
    assert recording.header.get_zooms() == source.header.get_zooms()
    np.testing.assert_array_equal(recording.affine, source.affine)
    scores = final_scores(moving, patient)
    frames = sorted(int(path.name[-9:-7]) for path in tmp_path.glob("*_frame*.nii.gz"))
    for time_point, frame in zip(("ED", "ES"), frames, strict=True):
        truth = mask_of(folder / f"{patient}_frame{frame:02d}_gt.nii.gz")
        own, score = mask_of(tmp_path / f"{patient}_frame{frame:02d}.nii.gz"), scores[time_point]
        assert counted(own, truth) == (score.true_positive, score.false_positive, score.false_negative)
        np.testing.assert_array_equal(mask_of(tmp_path / f"{patient}_4d.nii.gz")[..., frame - 1], own)


def test_a_cine_series_of_dicom_is_read_as_one_cycle(moving: Path, tmp_path: Path) -> None:
    """The phantom's contours of end-diastole are on the last of twenty phases, as in Sunnybrook."""
    source = next(moving.rglob("*.dcm")).parent
    done = predicted(moving, str(source), "-o", str(tmp_path), "--end-diastole", "20")
    assert done.returncode == 0, done.stderr
    mask = mask_of(next(tmp_path.glob("*.nii.gz")))
    assert mask.shape[3] == 20
    score = final_scores(moving, next(iter(patients(run_folders(moving)[0])["sunnybrook"])))["ED"]
    (contours,) = {path.parent for path in moving.rglob("*-icontour-manual.txt")}
    contoured = {
        (int(path.name.split("-")[2]) - 1) // 20
        for path in contours.glob("*-icontour-manual.txt")
        if int(path.name.split("-")[2]) % 20 == 0
    }
    inside = (mask[..., 19] == 1).sum((0, 1))
    assert inside[sorted(contoured)].sum() == score.true_positive + score.false_positive
    other = predicted(moving, str(source), "-o", str(tmp_path / "other"))
    assert "frame 1 is taken for end-diastole" in other.stderr


def test_volumes_without_their_recording_are_refused_in_one_message(moving: Path, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    for path in sorted(moving.rglob("*_frame??.nii.gz")):
        shutil.copy(path, scans)
    done = predicted(moving, str(scans), "-o", str(tmp_path / "masks"))
    assert done.returncode == 2
    assert done.stderr.count("error:") == 1
    assert "and 1 more are single volumes" in done.stderr
    assert "reads series of 3 frames" in done.stderr
    assert "NAME_4d.nii.gz" in done.stderr
    assert not (tmp_path / "masks").exists()
    one = next(moving.rglob("*_4d.nii.gz"))
    shutil.copy(one, scans)
    beyond = predicted(moving, str(scans / one.name), "-o", str(tmp_path / "masks"), "--end-diastole", "99")
    assert beyond.returncode == 2
    assert "none of them is end-diastole, frame 99" in beyond.stderr


@real
def test_real_recordings_are_segmented_frame_by_frame(moving: Path, tmp_path: Path) -> None:
    folder = Path(ROOT) / "acdc" / "database" / "training" / "patient090"
    done = predicted(moving, str(folder), "-o", str(tmp_path / "acdc"))
    assert done.returncode == 0, done.stderr
    whole, source = (nibabel.load(of / "patient090_4d.nii.gz") for of in (tmp_path / "acdc", folder))
    assert whole.shape == source.shape
    np.testing.assert_array_equal(whole.affine, source.affine)
    assert whole.header.get_zooms() == source.header.get_zooms()
    for frame in (4, 11):
        own = mask_of(tmp_path / "acdc" / f"patient090_frame{frame:02d}.nii.gz")
        np.testing.assert_array_equal(np.asarray(whole.dataobj)[..., frame - 1], own)
    series = next(path for path in sorted(Path(ROOT).rglob("SC-HF-I-4")) if list(path.glob("*.dcm")))
    dicom = predicted(moving, str(series), "-o", str(tmp_path / "sunnybrook"))
    assert dicom.returncode == 0, dicom.stderr
    assert nibabel.load(tmp_path / "sunnybrook" / "SC-HF-I-4.nii.gz").shape == (256, 256, 10, 20)


def test_channels_by_number_by_folder_and_in_one_file_give_the_same_masks(coloured: Path, tmp_path: Path) -> None:
    patient = patients(run_folders(coloured)[0])["validation"][0]
    images = sorted((coloured / "raw" / "imagesTr").glob(f"{patient}_*.nii.gz"))
    assert len(images) == 4
    numbered = tmp_path / "numbered"
    numbered.mkdir()
    for path in images:
        shutil.copy(path, numbered)
    done = predicted(coloured, str(numbered), "-o", str(tmp_path / "a"))
    assert done.returncode == 0, done.stderr
    masks = sorted((tmp_path / "a").glob("*.nii.gz"))
    assert len(masks) == 2
    scores = final_scores(coloured, patient)
    for mask in masks:
        time_point = mask.name.removesuffix(".nii.gz").rpartition("_frame")[2]
        score, truth = scores[time_point], mask_of(coloured / "raw" / "labelsTr" / mask.name)
        assert counted(mask_of(mask), truth) == (score.true_positive, score.false_positive, score.false_negative)
    single = predicted(coloured, str(numbered / f"{masks[0].name[:-7]}_0000.nii.gz"), "-o", str(tmp_path / "b"))
    assert single.returncode == 0, single.stderr
    assert (tmp_path / "b" / masks[0].name).read_bytes() == masks[0].read_bytes()

    for path in images:
        name, channel = path.name.removesuffix(".nii.gz").rsplit("_", 1)
        for place in (tmp_path / "folders" / channel, tmp_path / "cases" / name / channel):
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place / f"{name}.nii.gz")
    by_folder = predicted(coloured, str(tmp_path / "folders"), "-o", str(tmp_path / "c"))
    assert by_folder.returncode == 0, by_folder.stderr
    assert by_folder.stderr.count("channels in the order of their folders: 0000, 0001") == 1
    by_case = predicted(coloured, str(tmp_path / "cases"), "-o", str(tmp_path / "d"))
    assert by_case.returncode == 0, by_case.stderr
    stacked = tmp_path / "stacked"
    stacked.mkdir()
    for mask in masks:
        case = mask.name.removesuffix(".nii.gz")
        channels = [nibabel.load(numbered / f"{case}_{number:04d}.nii.gz") for number in (0, 1)]
        together = np.stack([np.asarray(image.dataobj) for image in channels], -1)
        nibabel.save(nibabel.Nifti1Image(together, channels[0].affine, channels[0].header), stacked / mask.name)
    in_one = predicted(coloured, str(stacked), "-o", str(tmp_path / "e"))
    assert in_one.returncode == 0, in_one.stderr
    for mask in masks:
        case = mask.name.removesuffix(".nii.gz")
        assert (tmp_path / "c" / mask.name).read_bytes() == mask.read_bytes()
        assert (tmp_path / "d" / case / mask.name).read_bytes() == mask.read_bytes()
        np.testing.assert_array_equal(mask_of(tmp_path / "e" / mask.name), mask_of(mask))


def test_dicom_series_of_two_channels_become_one_mask(coloured: Path, moving: Path, tmp_path: Path) -> None:
    source = next(moving.rglob("*.dcm")).parent
    for channel in ("first", "second"):
        shutil.copytree(source, tmp_path / "scans" / channel)
    done = predicted(coloured, str(tmp_path / "scans"), "-o", str(tmp_path / "masks"))
    assert done.returncode == 0, done.stderr
    (mask,) = (tmp_path / "masks").glob("*.nii.gz")
    assert mask.name == "scans.nii.gz"
    assert nibabel.load(mask).shape[3] == 20


def test_a_scan_that_lacks_a_channel_is_named_and_the_others_are_segmented(coloured: Path, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    shutil.copytree(coloured / "raw" / "imagesTr", scans)
    lacking = sorted(scans.glob("*_0001.nii.gz"))[0]
    lacking.unlink()
    done = predicted(coloured, str(scans), "-o", str(tmp_path / "masks"))
    assert done.returncode == 2
    assert "its channel _0001 is missing" in done.stderr
    assert lacking.name.replace("_0001", "_0000") in done.stderr
    assert len(list((tmp_path / "masks").glob("*.nii.gz"))) == 5
    other = nibabel.load(sorted(scans.glob("*_0001.nii.gz"))[0])
    moved = other.affine.copy()
    moved[:3, 3] += 20
    nibabel.save(nibabel.Nifti1Image(np.asarray(other.dataobj), moved, None), sorted(scans.glob("*_0001.nii.gz"))[0])
    elsewhere = predicted(coloured, str(scans), "-o", str(tmp_path / "again"))
    assert elsewhere.returncode == 2
    assert "it is not on the grid of" in elsewhere.stderr
    for path in sorted(scans.glob("*_000?.nii.gz")):
        path.rename(path.with_name(path.name.replace("_000", "-")))
    alone = predicted(coloured, str(scans), "-o", str(tmp_path / "none"))
    assert alone.returncode == 2
    assert "have one channel, but" in alone.stderr
    assert alone.stderr.count("error:") == 1
    assert "NAME_0000.nii.gz to NAME_0001.nii.gz" in alone.stderr


@real
def test_real_scans_of_two_channels_keep_their_place(coloured: Path, tmp_path: Path) -> None:
    source = Path(ROOT) / "acdc" / "database" / "training" / "patient001" / "patient001_frame01.nii.gz"
    scans = tmp_path / "scans"
    scans.mkdir()
    for channel in ("0000", "0001"):
        shutil.copy(source, scans / f"heart_{channel}.nii.gz")
    done = predicted(coloured, str(scans), "-o", str(tmp_path / "masks"))
    assert done.returncode == 0, done.stderr
    mask, image = nibabel.load(tmp_path / "masks" / "heart.nii.gz"), nibabel.load(source)
    assert mask.shape == image.shape
    assert mask.header.get_zooms() == image.header.get_zooms()
    np.testing.assert_array_equal(mask.affine, image.affine)
