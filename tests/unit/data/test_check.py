"""`gridctl-trainer data ...` informs persons and scripts, and ends with the right exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner, Result

from gridctl_trainer.cli.data import app
from gridctl_trainer.contract.errors import DataError
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.datasets.sunnybrook import patients as sunnybrook
from gridctl_trainer.preprocessing.loading import load_set


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "80"})


@pytest.fixture
def root(phantom: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(phantom, tmp_path / "both"))


def test_both_sets_of_a_root_in_80_columns(root: Path) -> None:
    done = run("check", root)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == f"ACDC {root}/acdc"
    for patient in ("patient001 MINF", "patient003 HCM", "SC-HF-NI-1", "SC-HYP-2"):
        (line,) = [line for line in lines if line.startswith(patient)]
        assert len(line.rstrip()) <= 80
        assert "128x128" in line
    assert "3 of 3 patients readable" in done.output


def test_the_same_for_a_script(root: Path) -> None:
    acdc, other = json.loads(run("check", root, "--json").stdout)
    assert (acdc["set"], other["set"]) == ("acdc", "sunnybrook")
    for patient in (*acdc["patients"], *other["patients"]):
        volumes = {phase: found["volume_ml"] for phase, found in patient["phases"].items()}
        fraction = (volumes["ED"] - volumes["ES"]) / volumes["ED"]
        assert patient["ejection_fraction"] == pytest.approx(fraction)
        assert 0.05 < fraction < 0.85
    assert acdc["patients"][2]["phases"]["ED"] == {
        "slices": 4,
        "labelled_slices": 3,
        "largest_area_cm2": acdc["patients"][2]["phases"]["ED"]["largest_area_cm2"],
        "volume_ml": acdc["patients"][2]["phases"]["ED"]["volume_ml"],
    }, "a slice without any label is counted and kept"


def test_contours_of_another_patient_are_wrong(root: Path) -> None:
    """The labels lie where another heart would be, as in some public copies."""
    one, two = (patient.contour_folder for patient in sunnybrook.find_patients(root / "sunnybrook"))
    for folder in (one, two):
        for path in folder.glob("*contour-manual.txt"):
            points = [line.split() for line in path.read_text().splitlines()]
            path.write_text("".join(f"{float(x) + 13:.2f} {float(y) - 12:.2f}\n" for x, y in points))
    done = run("check", root / "sunnybrook")
    assert done.exit_code == 3
    assert done.output.count("are these the labels of another patient?") == 2
    assert str(one) in done.output.replace("\n", "")


def test_unreadable_patients_are_named_beside_the_readable_ones(root: Path) -> None:
    path = sorted(root.rglob("patient002*_gt.nii.gz"))[0]
    path.write_bytes(b"")
    done = run("check", root / "acdc")
    assert done.exit_code == 3
    assert "2 of 3 patients readable" in done.output
    assert "patient002" in done.output
    assert "not readable" in done.output
    assert str(path) in done.output


def test_a_folder_with_neither_says_so(tmp_path: Path) -> None:
    done = run("check", tmp_path / "nowhere")
    assert isinstance(done.exception, DataError)
    assert "no such folder" in str(done.exception)
    (tmp_path / "empty").mkdir()
    said = str(run("check", tmp_path / "empty").exception)
    assert "no known data set was recognised in this folder: it is empty" in said
    assert "ACDC, M&Ms, M&Ms-2, Sunnybrook" in said


def test_figures_show_every_slice_of_every_patient(root: Path, tmp_path: Path) -> None:
    assert run("check", root, "--figures", tmp_path / "figures").exit_code == 0
    sheets = {path.stem: cv2.imread(str(path)) for path in (tmp_path / "figures").iterdir()}
    assert sheets.keys() == {"patient001", "patient002", "patient003", "SC-HF-NI-1", "SC-HYP-2"}
    tile = sheets["patient001"].shape[1] // 3
    assert sheets["patient003"].shape[1] == 4 * tile, "the slice without a heart too"
    for sheet in sheets.values():
        blue, green, red = (sheet[..., channel].astype(int) for channel in range(3))
        assert ((green > blue + 40) & (green > red + 40)).sum() > 200, "the cavity is outlined"


def test_pack_then_check_then_train_from_it(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "packs"
    assert "wrote 20 images of 3 patients" in run("pack", root, out, "--size-px", 32, "--without", "clahe").stderr
    assert "there already: 20 images" in run("pack", root, out, "--size-px", 32, "--without", "clahe").stderr
    checked = run("check", out)
    assert checked.exit_code == 0
    assert "acdc-32px-no_clahe 20 images of 3 patients, checksums right" in checked.stdout
    data = DataSpec.model_validate(
        {"train": {"dataset": "acdc", "path": "-"}, "size_px": 32, "preprocessing": {"clahe": False}}
    )
    assert len(load_set(DatasetSpec(dataset="acdc", path=str(out)), data, 1)) == 20
    assert len(load_set(DatasetSpec(dataset="sunnybrook", path=str(out)), data, 1)) == 12


def test_an_unknown_step_names_the_known_ones(root: Path, tmp_path: Path) -> None:
    done = run("pack", root, tmp_path / "out", "--without", "sharpen")
    assert "no preprocessing step: sharpen" in str(done.exception)
    assert not (tmp_path / "out").exists()
