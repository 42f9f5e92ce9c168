"""`gridctl predict` writes masks on the grid of each scan, which are the masks that the scorecard is about."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from gridctl_trainer.contract.layout import run_of
from gridctl_trainer.contract.records.attempt_log import read_attempt
from gridctl_trainer.contract.records.case_scores import read_cases
from gridctl_trainer.datasets.formats.dicom import read_dicom

EXPERIMENT = """\
name: hearts
models:
  unet: {{channels: [4, 8], batch_size: 4}}
train_ratios: [0.5]
seeds: [1, 2]
data:
  train: {{dataset: acdc, path: {phantom}/acdc}}
  external: {{sunnybrook: {{dataset: sunnybrook, path: {phantom}/sunnybrook}}}}
  size_px: 96
training: {{epochs: 2, learning_rate: 0.01, checkpoint_keep_best: validation.soft_dice.left_ventricle}}
metrics: [dice, soft_dice]
"""
Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def trained(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which an experiment with two seeds was trained."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "hearts.yaml").write_text(EXPERIMENT.format(phantom=phantom))
    done = subprocess.run(
        [sys.executable, "-m", "gridctl", "submit", "hearts.yaml", "--no-verify"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def predict(trained: Path) -> Call:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gridctl", "predict", *arguments]
        return subprocess.run(command, cwd=trained, capture_output=True, text=True, check=False, env=dict(os.environ))

    return run


def run_folders(trained: Path) -> list[Path]:
    return sorted(path.parent for path in (trained / "runs").rglob("result.json"))


def patients(run: Path) -> dict[str, tuple[str, ...]]:
    (path,) = (run / "attempts").glob("*.jsonl")
    data = read_attempt(path.read_bytes()).data
    assert data
    return {name: found.patients for name, found in data.sets.items()}


def test_masks_lie_on_the_scan_and_score_what_the_scorecard_says(
    trained: Path, phantom: Path, predict: Call, tmp_path: Path
) -> None:
    run = run_folders(trained)[0]
    patient = patients(run)["validation"][0]
    (folder,) = phantom.rglob(patient)
    done = predict(run.name, str(folder), "-o", str(tmp_path / "masks"))
    assert done.returncode == 0, done.stderr
    masks = sorted((tmp_path / "masks").glob("*.nii.gz"))
    assert done.stdout.splitlines() == [str(path) for path in masks]
    assert "2 files named *_gt.nii* passed over" in done.stderr
    sidecar = json.loads((tmp_path / "masks" / "dataset.json").read_text())
    assert sidecar["labels"] == {"background": 0, "left_ventricle": 1}
    assert [of["run_id"] for of in sidecar["runs"]] == [run.name]
    assert sidecar["masks"] == {path.name: path.name for path in masks}
    assert sidecar["runs"][0]["weights_sha256"] == json.loads((run / "result.json").read_text())["weights_sha256"]

    _, cases = read_cases((run / "cases.jsonl.gz").read_bytes())
    final = [case for case in cases if (case.checkpoint, case.patient) == ("final", patient)]
    expected = [
        (c.true_positive, c.false_positive, c.false_negative) for c in sorted(final, key=lambda c: c.time_point)
    ]
    found = []
    for path in masks:
        image, mask = nibabel.load(folder / path.name), nibabel.load(path)
        truth = np.asarray(nibabel.load(folder / path.name.replace(".nii", "_gt.nii")).dataobj) == 3
        assert mask.shape == image.shape
        assert mask.get_data_dtype() == np.uint8
        np.testing.assert_array_equal(mask.affine, image.affine)
        assert mask.header.get_zooms() == image.header.get_zooms()
        assert [int(mask.header[code]) for code in ("sform_code", "qform_code")] == [
            int(image.header[code]) for code in ("sform_code", "qform_code")
        ]
        inside = np.asarray(mask.dataobj) == 1
        found.append(((inside & truth).sum(), (inside & ~truth).sum(), (~inside & truth).sum()))
    assert found == expected
    assert sum(positive for positive, *_ in found) > 0, "a model that sees nothing would prove nothing"


def test_the_best_epoch_predicts_too(trained: Path, phantom: Path, predict: Call, tmp_path: Path) -> None:
    run = run_folders(trained)[0]
    (scan,) = phantom.rglob(f"{patients(run)['validation'][0]}_frame01.nii.gz")
    assert predict(run.name, str(scan), "-o", str(tmp_path), "--best").returncode == 0
    sidecar = json.loads((tmp_path / "dataset.json").read_text())
    _, cases = read_cases((run / "cases.jsonl.gz").read_bytes())
    assert sidecar["checkpoint"] == "best"
    assert {sidecar["runs"][0]["epoch"]} == {case.epoch for case in cases if case.checkpoint == "best"}


def test_an_ensemble_segments_patients_that_are_new_to_all_of_its_members(
    trained: Path, phantom: Path, predict: Call, tmp_path: Path
) -> None:
    several = predict("hearts", str(phantom / "acdc"), "-o", str(tmp_path / "masks"))
    assert several.returncode == 2
    assert "2 runs begin with 'hearts'" in several.stderr
    assert "--ensemble" in several.stderr
    first, second = (patients(run)["train"] for run in run_folders(trained))
    refused = predict("hearts", str(phantom / "acdc"), "-o", str(tmp_path / "masks"), "--ensemble")
    assert refused.returncode == 2
    assert f"{len({*first, *second})} patients trained on" in refused.stderr
    assert f"{first[0]} by hearts-unet-r50-none-s1-" in refused.stderr
    assert not (tmp_path / "masks").exists()
    new = sorted({f"patient{number:03d}" for number in range(1, 7)} - {*first, *second})
    assert new, "one patient that neither seed trained on"
    (folder,) = phantom.rglob(new[0])
    done = predict("hearts", str(folder), "-o", str(tmp_path / "masks"), "--ensemble")
    assert done.returncode == 0, done.stderr
    sidecar = json.loads((tmp_path / "masks" / "dataset.json").read_text())
    assert len(sidecar["runs"]) == 2
    trained_on = predict(run_folders(trained)[0].name, str(next(phantom.rglob(first[0]))), "-o", str(tmp_path / "own"))
    assert trained_on.returncode == 0
    assert f"note: 1 patient trained on: {first[0]}" in trained_on.stderr


def test_a_dicom_series_becomes_nifti_in_its_place(trained: Path, phantom: Path, predict: Call, tmp_path: Path) -> None:
    source = next(phantom.rglob("*.dcm")).parent
    done = predict(run_folders(trained)[0].name, str(source), "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    mask = nibabel.load(tmp_path / f"{source.name}.nii.gz")
    images = {path: read_dicom(path) for path in source.glob("*.dcm")}
    places = sorted({round(image.position_mm or 0, 3) for image in images.values()})
    assert mask.shape[2] == len(places)
    assert mask.shape[2] * (mask.shape[3] if mask.ndim > 3 else 1) == len(images)
    for image in images.values():
        assert image.affine is not None
        index = places.index(round(image.position_mm or 0, 3))
        for column, row in ((0, 0), (7, 3)):
            left, back, up = (image.affine @ [column, row, 0, 1])[:3]
            np.testing.assert_allclose((mask.affine @ [column, row, index, 1])[:3], [-left, -back, up], atol=1e-3)
    np.testing.assert_allclose(mask.header.get_zooms()[:2], next(iter(images.values())).spacing_mm[::-1], rtol=1e-6)


def test_what_cannot_be_placed_is_refused_and_the_others_are_segmented(
    trained: Path, phantom: Path, predict: Call, tmp_path: Path
) -> None:
    scans = tmp_path / "scans"
    scan = next(phantom.rglob("*_frame01.nii.gz"))
    shutil.copytree(next(phantom.rglob("*.dcm")).parent, scans / "series")
    dicom = sorted((scans / "series").iterdir())[0]
    dataset = pydicom.dcmread(dicom)
    del dataset.ImageOrientationPatient
    dataset.save_as(dicom)
    shutil.copy(scan, scans / "good.nii.gz")
    content = bytearray(gzip.decompress(scan.read_bytes()))
    content[252:256] = bytes(4)  # qform_code and sform_code
    (scans / "unplaced.nii").write_bytes(content)
    content = bytearray(gzip.decompress(scan.read_bytes()))
    content[80:92] = bytes(12)  # pixdim
    (scans / "unspaced.nii").write_bytes(content)
    (scans / "broken.nii.gz").write_bytes(b"no scan")
    run = run_folders(trained)[0].name
    done = predict(run, str(scans), "-o", str(tmp_path / "masks"))
    assert done.returncode == 2
    assert [path.name for path in sorted((tmp_path / "masks").iterdir())] == ["dataset.json", "good.nii.gz"]
    assert "1 scan of 5 segmented" in done.stderr
    for said in (
        "unplaced.nii: its sform_code and qform_code are 0",
        "unspaced.nii: its pixdim has a spacing of 0 x 0 x 0 mm",
        "broken.nii.gz: not a NIfTI file",
        "without ImagePositionPatient (0020,0032) and ImageOrientationPatient",
    ):
        assert said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    over = predict(run, str(scans / "good.nii.gz"), "-o", str(scans))
    assert over.returncode == 2
    assert "its mask would replace it" in over.stderr
    empty = predict(run, str(trained / "nowhere"), "-o", str(tmp_path / "masks"))
    assert empty.returncode == 2
    assert "there is no such file or folder" in empty.stderr


def test_only_finished_runs_predict(trained: Path, phantom: Path, predict: Call, tmp_path: Path) -> None:
    run = run_folders(trained)[1]
    assert run_of(f"hearts/{run.name}/result.json")
    (run / "result.json").rename(run / "result.kept")
    try:
        done = predict(run.name, str(next(phantom.rglob("*_frame01.nii.gz"))), "-o", str(tmp_path))
        assert done.returncode == 2
        assert f"{run.name} is not finished" in done.stderr
    finally:
        (run / "result.kept").rename(run / "result.json")


def test_a_store_that_fails_while_weights_are_loaded_is_told_from_a_failed_run(
    trained: Path, phantom: Path, predict: Call, tmp_path: Path
) -> None:
    run, scan = run_folders(trained)[0], str(next(phantom.rglob("*_frame01.nii.gz")))
    checkpoint = run.parents[1] / json.loads((run / "result.json").read_text())["checkpoint"]
    content = checkpoint.read_bytes()
    try:
        checkpoint.write_bytes(content[: len(content) // 2])
        damaged = predict(run.name, scan, "-o", str(tmp_path))
        checkpoint.unlink()
        missing = predict(run.name, scan, "-o", str(tmp_path))
    finally:
        checkpoint.write_bytes(content)
    for done in (damaged, missing):
        assert done.returncode == 3, done.stderr
        assert checkpoint.name in done.stderr
        assert "Traceback" not in done.stderr
    environment = {**os.environ, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a"}
    where = "s3://bucket/hearts/hearts-unet-r50-none-s1-00000000/spec.json"
    environment |= {"AWS_SECRET_ACCESS_KEY": "b", "AWS_MAX_ATTEMPTS": "1"}
    away = subprocess.run(
        [sys.executable, "-m", "gridctl_trainer", "predict", "-o", str(tmp_path), where, scan],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert away.returncode == 4, away.stderr
    assert "cannot reach" in away.stderr
