"""`gridctl score` turns two folders of masks into a scorecard, and names and counts what does not fit."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pyarrow.parquet as pq
import pytest

from gridctl.analysis.scorecards.acdc_patients import true_voxels
from gridctl_trainer.contract.records.case_scores import read_cases
from gridctl_trainer.datasets.phantom.dataset import PhantomOptions, write_phantom
from gridctl_trainer.datasets.registry import find_sources
from tests.e2e.scores.label_maps import LABELS, MM, heart, write, write_both, write_sidecar
from tests.e2e.short_commands import Command
from tests.published_layouts import write_mnms

ROOT = os.environ.get("GRIDCTL_TEST_DATA", "")


def scored(command: Command, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = command("score", *arguments, "--json")
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def means(found: dict[str, Any], structure: str, time_point: str = "") -> dict[str, float]:
    rows = [row for row in found["summary"] if (row["structure"], row["time_point"]) == (structure, time_point)]
    return {row["metric"]: row["mean"] for row in rows}


@pytest.fixture
def both(tmp_path: Path) -> Path:
    write_both(tmp_path)
    return tmp_path


def test_truth_against_itself_is_perfect(both: Path, gridctl: Command) -> None:
    found = scored(gridctl, "predicted", "truth")
    assert (found["scored"], found["not_scored"]) == (6, 0)
    for structure in ("left_ventricle", "right_ventricle", "myocardium"):
        of_it = means(found, structure)
        assert [of_it[name] for name in ("dice", "iou", "nsd")] == [1, 1, 1]
        assert [of_it[name] for name in ("hd", "hd95", "assd", "absolute_volume_error_ml")] == [0, 0, 0, 0]
    assert means(found, "left_ventricle")["absolute_ef_error"] == 0
    assert means(found, "")["absolute_mass_error_g"] == 0


def test_a_shift_is_as_far_as_it_is_in_mm(tmp_path: Path, gridctl: Command) -> None:
    write_both(tmp_path, shift=2)
    found = means(scored(gridctl, "predicted", "truth"), "left_ventricle")
    assert found["hd"] == pytest.approx(2 * MM[0])
    assert found["hd95"] <= found["hd"] + 1e-9
    assert 0.7 < found["dice"] < 1
    assert found["volume_error_ml"] == pytest.approx(0)


def test_volumes_and_ejection_fractions_are_those_of_the_files(both: Path, gridctl: Command) -> None:
    found = scored(gridctl, "predicted", "truth")
    (of_first,) = (
        case["scores"]
        for case in found["cases"]
        if (case["patient"], case["time_point"], case["structure"]) == ("p01", "patient", "left_ventricle")
    )
    ml = [int((heart(radius) == 3).sum()) * np.prod(MM) / 1000 for radius in (9, 5)]
    assert of_first["edv_ml"] == pytest.approx(ml[0])
    assert of_first["esv_ml"] == pytest.approx(ml[1])
    assert of_first["ef"] == pytest.approx(100 * (ml[0] - ml[1]) / ml[0])


def test_the_table_says_mean_and_deviation_by_time_point(both: Path, gridctl: Command) -> None:
    done = gridctl("score", "predicted", "truth")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^mean ± sd +ED +ES +patients +median +n", done.stdout, re.MULTILINE)
    assert re.search(r"^Dice +1\.000 ± 0\.000 +1\.000 ± 0\.000 +1\.000 ± 0\.000 +1\.000 +3", done.stdout, re.MULTILINE)
    assert re.search(r"^NSD at 2 mm ", done.stdout, re.MULTILINE)
    assert re.search(r"^absolute EF error \(percentage points\) +0\.00 ± 0\.00", done.stdout, re.MULTILINE)
    assert "scored 6 cases of 3 patients" in done.stderr


def test_the_trainers_own_command_says_the_same(both: Path, gridctl: Command, trainer: Command) -> None:
    assert trainer("score", "predicted", "truth").stdout == gridctl("score", "predicted", "truth").stdout


def test_labels_may_be_named_on_the_command_line_and_differ(both: Path, gridctl: Command) -> None:
    for path in sorted((both / "truth").iterdir()):  # numbered as in M&Ms
        numbers = np.asarray(nibabel.load(path).dataobj)  # type: ignore[attr-defined]
        write(path, np.array([0, 3, 2, 1], dtype=np.uint8)[numbers])
    (both / "predicted" / "dataset.json").unlink()
    other = "1=left_ventricle,2=myocardium,3=right_ventricle"
    found = scored(gridctl, "predicted", "truth", "--labels", LABELS, "--truth-labels", other)
    assert means(found, "left_ventricle")["dice"] == means(found, "right_ventricle")["dice"] == 1


@pytest.mark.parametrize(
    "labels",
    [{"0": "background", "1": "RV", "2": "MYO", "3": "LV"}, {"background": 0, "epicardium": [2, 3], "LV": 3, "RV": 1}],
    ids=["first version", "regions"],
)
def test_both_versions_of_nnunet_and_its_regions_are_read(both: Path, gridctl: Command, labels: dict[str, Any]) -> None:
    write_sidecar(both / "predicted", labels)
    found = scored(gridctl, "predicted", "truth")
    assert found["structures"][-1] in ("left_ventricle", "right_ventricle")
    if "epicardium" in labels:
        true = [case for case in found["cases"] if case["structure"] == "epicardium"]
        assert true[0]["true_positive"] == int(np.isin(heart(9), (2, 3)).sum())


def test_only_the_structures_of_both_sides_are_scored(both: Path, gridctl: Command) -> None:
    (both / "predicted" / "dataset.json").unlink()
    done = gridctl(
        "score",
        "predicted",
        "truth",
        "--labels",
        f"{LABELS},4=aorta",
        "--truth-labels",
        "3=LV,1=background,2=background",
    )
    assert done.returncode == 0, done.stderr
    assert "not in the truth, and not scored: right_ventricle, myocardium, aorta" in done.stderr


def nan(path: Path) -> None:
    labels = heart(9).astype(np.float32)
    labels[3, 3, 3] = np.nan
    write(path, labels)


def fractions(path: Path) -> None:
    write(path, heart(9).astype(np.float32) * 0.5)


def undeclared(path: Path) -> None:
    labels = heart(9)
    labels[0, 0, 0] = 7
    write(path, labels)


def smaller(path: Path) -> None:
    write(path, heart(9)[:-1])


def other_spacing(path: Path) -> None:
    write(path, heart(9), (1.0, 1.0, 8.0))


def moved(path: Path) -> None:
    image = nibabel.Nifti1Image(heart(9), np.diag([-MM[0], MM[1], MM[2], 1.0]))  # type: ignore[no-untyped-call]
    nibabel.save(image, path)  # type: ignore[no-untyped-call]


def no_spacing(path: Path) -> None:
    image = nibabel.load(write(path, heart(9)))
    content = bytearray(image.to_bytes())  # type: ignore[attr-defined]
    content[80:92] = bytes(12)  # pixdim of x, y and z
    path.write_bytes(content)


def damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    ("spoil", "what", "fix"),
    [
        (nan, "1 of its values are not finite numbers", "export it again"),
        (fractions, "it is not a label map: it holds fractions, such as", "the number of the most likely label"),
        (undeclared, "it holds the label 7, which is not declared", "add to --labels: 7=NAME, or 7=background"),
        (smaller, "it is not on the grid of p01_ED_gt.nii.gz: shape", "with nearest neighbours"),
        (other_spacing, "spacing 1 x 1 x 8 mm instead of 1.5 x 1.25 x 8 mm", "with nearest neighbours"),
        (moved, "orientation", "copy the truth's affine"),
        (no_spacing, "a spacing of 0 x 0 x 0", "set pixdim"),
        (damaged, "not a readable NIfTI file", "copy or unpack the file again"),
        (Path.unlink, "there is no prediction of this case, p01_ED", "predict it as p01_ED.nii.gz"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_wrong_with_a_file_is_said_once_and_the_others_are_scored(
    both: Path, gridctl: Command, spoil: Callable[[Path], object], what: str, fix: str
) -> None:
    spoil(both / "predicted" / "p01_ED.nii.gz")
    done = gridctl("score", "predicted", "truth", "--json")
    assert done.returncode == 1
    (problem,) = done.stderr.split("error: ")[1:]
    assert what in problem
    assert fix in problem
    assert "p01_ED" in problem
    assert "scored 5 cases of 3 patients; 1 case not scored" in done.stderr
    found = json.loads(done.stdout)
    assert (found["scored"], found["not_scored"], len(found["problems"])) == (5, 1, 1)
    (dice,) = [
        row
        for row in found["summary"]
        if (row["structure"], row["metric"], row["time_point"]) == ("left_ventricle", "dice", "")
    ]
    assert (dice["n"], dice["undefined"]) == (2, {"no ED": 1}), "the missing one is counted, not skipped"
    (fraction,) = [row for row in found["summary"] if (row["structure"], row["metric"]) == ("left_ventricle", "ef")]
    assert (fraction["n"], fraction["undefined"]) == (2, {"no ED": 1})


def test_a_prediction_without_a_truth_is_named_too(both: Path, gridctl: Command) -> None:
    (both / "truth" / "p02_ES_gt.nii.gz").unlink()
    done = gridctl("score", "predicted", "truth")
    assert done.returncode == 1
    assert "p02_ES.nii.gz: there is no truth of this case, p02_ES" in done.stderr
    assert "scored 5 cases of 3 patients; 1 case not scored" in done.stderr


def test_both_sides_of_a_case_are_looked_at_at_once(both: Path, gridctl: Command) -> None:
    nan(both / "predicted" / "p01_ED.nii.gz")
    nan(both / "truth" / "p01_ED_gt.nii.gz")
    done = gridctl("score", "predicted", "truth")
    assert done.stderr.count("error: ") == 2
    assert "1 case not scored" in done.stderr


def test_an_empty_prediction_has_the_diagonal_and_is_counted(both: Path, gridctl: Command) -> None:
    write(both / "predicted" / "p01_ED.nii.gz", np.where(heart(9) == 3, 0, heart(9)).astype(np.uint8))
    found = scored(gridctl, "predicted", "truth")
    (case,) = (
        item
        for item in found["cases"]
        if (item["patient"], item["time_point"], item["structure"]) == ("p01", "ED", "left_ventricle")
    )
    assert case["scores"]["hd95"] == pytest.approx(float(np.linalg.norm(np.array([48, 40, 6]) * MM)))
    assert case["scores"]["dice"] == 0
    assert case["undefined"] == {"precision": "no prediction"}
    assert found["cases_with_one_empty_mask"]["left_ventricle"] == 1
    table = gridctl("score", "predicted", "truth").stdout
    assert "1 case with one empty mask: the distance there is the volume's diagonal" in table
    assert "1 predicted EDV is 0" in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere", "truth"), "PREDICTIONS nowhere: there is no such file or folder"),
        (("predicted", "nowhere"), "TRUTH nowhere: there is no such file or folder"),
        (("predicted", "truth", "--labels", "LV"), "'LV' does not name labels"),
        (("predicted", "truth", "--labels", "1=LV,2=LV"), "the structure left_ventricle is named twice"),
        (("predicted", "truth", "--metric", "soft_dice"), "soft_dice needs a model's output for each slice"),
        (("predicted", "truth", "--metric", "dise"), "did you mean 'dice'"),
        (("predicted", "truth", "--pattern", "("), "it is not a regular expression"),
        (("predicted", "truth", "--pattern", ".*"), "it has no group named patient"),
        (("predicted", "truth", "-o", "cases.xlsx"), "let it end in .parquet, .json, .csv, .jsonl.gz"),
        (("predicted", "truth", "--dataset", "acdc"), "there is no patient of ACDC in this folder"),
        (("predicted", "truth", "--dataset", "nnunet"), "give the folder of its label maps as TRUTH, such as labelsTr"),
        (("predicted", "truth", "--dataset", "adcd"), "did you mean 'acdc'"),
        (("predicted", "elsewhere"), "no case is on both sides: predictions are p01_ED, p01_ES, p02_ED and 3 more"),
        (("predicted", "empty"), "there is no NIfTI file in it"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_meant_is_refused_before_anything_is_scored(
    both: Path, gridctl: Command, arguments: tuple[str, ...], said: str
) -> None:
    write(both / "elsewhere" / "other_gt.nii.gz", heart())
    (both / "empty").mkdir()
    done = gridctl("score", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_without_names_of_labels_nothing_is_guessed(both: Path, gridctl: Command) -> None:
    (both / "predicted" / "dataset.json").unlink()
    done = gridctl("score", "predicted", "truth")
    assert done.returncode == 2
    assert "it is not known what the numbers of the label maps stand for" in done.stderr
    assert "--labels 1=right_ventricle" in done.stderr


def test_patients_are_named_by_a_pattern(both: Path, gridctl: Command) -> None:
    for side in ("truth", "predicted"):
        for path in (both / side).glob("*.nii.gz"):
            path.rename(path.with_name(re.sub(r"p(\d+)_(ED|ES)", r"centre1-\1-frame-\2-x", path.name)))
    done = gridctl("score", "predicted", "truth")
    assert "each file counts as one patient" in done.stderr
    assert "scored 6 cases of 6 patients" in done.stderr
    pattern = r"centre\d-(?P<patient>\d+)-frame-(?P<time_point>ED|ES)-x"
    found = scored(gridctl, "predicted", "truth", "--pattern", pattern)
    assert {case["patient"] for case in found["cases"]} == {"01", "02", "03"}
    assert means(found, "left_ventricle")["absolute_ef_error"] == 0


def test_two_files_are_compared_whatever_they_are_called(both: Path, gridctl: Command) -> None:
    write(both / "mine.nii.gz", heart(9))
    found = scored(gridctl, "mine.nii.gz", "truth/p01_ED_gt.nii.gz", "--labels", LABELS, "--metric", "dice")
    assert means(found, "left_ventricle", "") == {"dice": 1}


def test_files_of_every_case(both: Path, gridctl: Command) -> None:
    write(both / "predicted" / "p01_ED.nii.gz", np.zeros_like(heart()))
    for name in ("cases.csv", "cases.parquet", "cases.jsonl.gz"):
        done = gridctl("score", "predicted", "truth", "-o", name)
        assert done.returncode == 0, done.stderr
        assert f"wrote {both / name}" in done.stderr or f"wrote {name}" in done.stderr
    with (both / "cases.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(both / "cases.parquet").to_pylist()
    header, records = read_cases((both / "cases.jsonl.gz").read_bytes())
    kept = {
        (record.patient, record.time_point, record.structure, name): value
        for record in records
        for name, value in record.scores.items()
    }
    assert header.metrics["hd95"].unit == "mm"
    assert len(rows) == len(table)
    named = ("patient", "time_point", "structure", "metric")
    for row, same in zip(rows, table, strict=True):
        key = tuple(row[name] for name in named)
        assert key == tuple(same[name] for name in named)
        if row["undefined"]:
            assert (row["value"], same["value"], key in kept) == ("", None, False)
        else:
            assert float(row["value"]) == same["value"] == kept[key]  # type: ignore[index]
    assert {"", "no prediction", "predicted EDV is 0"} <= {row["undefined"] for row in rows}


def test_masks_in_folders_of_their_patients(both: Path, gridctl: Command) -> None:
    """Masks in subfolders are found, as `gridctl predict` writes them, even with the same names in all of them."""
    for path in sorted((both / "predicted").glob("*.nii.gz")):
        folder = path.parent / path.name[:3]
        folder.mkdir(exist_ok=True)
        path.rename(folder / path.name)
    assert scored(gridctl, "predicted", "truth")["scored"] == 6
    for side in ("predicted", "truth"):
        for path in sorted((both / side).rglob("*.nii.gz")):
            name = re.search(r"(p\d+)_(ED|ES)", path.name)
            assert name
            (both / side / name[1]).mkdir(exist_ok=True)
            path.rename(both / side / name[1] / f"{name[2]}.nii.gz")
    found = scored(gridctl, "predicted", "truth", "--pattern", "(?P<patient>.+)/(?P<time_point>E.)")
    assert {case["patient"] for case in found["cases"]} == {"p01", "p02", "p03"}


def test_a_data_set_whose_time_points_lie_in_one_file(tmp_path: Path, gridctl: Command) -> None:
    """The numbers of M&Ms, which has the ventricles the other way round than ACDC, are known by its name."""
    write_phantom(tmp_path / "phantom", PhantomOptions(patients=2, generalisation_patients=1, slices=3, seed=2))
    write_mnms(tmp_path / "mnms", tmp_path / "phantom")
    for path in sorted((tmp_path / "mnms").rglob("*_gt.nii.gz")):
        series = nibabel.load(path)  # type: ignore[attr-defined]
        for time, frame in (("ED", 1), ("ES", 3)):
            numbers = np.asarray(series.dataobj)[..., frame]  # type: ignore[attr-defined]
            spacing_mm = series.header.get_zooms()[:3]  # type: ignore[attr-defined]
            code = path.name.partition("_")[0]
            write(tmp_path / "predicted" / f"{code}_{time}.nii.gz", numbers, tuple(map(float, spacing_mm)))
    found = scored(gridctl, "predicted", "mnms", "--dataset", "mnms")
    assert (found["scored"], found["not_scored"]) == (4, 0)
    assert means(found, "right_ventricle")["dice"] == means(found, "left_ventricle")["dice"] == 1
    assert means(found, "left_ventricle")["absolute_ef_error"] == 0
    assert {case["vendor"] for case in found["cases"]} == {"Siemens"}


def test_a_data_set_without_files_of_labels_is_compared_slice_by_slice(tmp_path: Path, gridctl: Command) -> None:
    """In Sunnybrook, only slices with a contour count."""
    write_phantom(tmp_path / "phantom", PhantomOptions(patients=2, generalisation_patients=1, slices=3, seed=2))
    for source in find_sources("sunnybrook", tmp_path / "phantom" / "sunnybrook"):
        slices = source.read(1, lambda _: None)
        rows, columns, deep = slices[0].spacing_mm
        for time in ("ED", "ES"):
            own = [item for item in slices if item.phase == time]
            numbers = np.ones((max(item.index for item in own) + 1, *own[0].image.shape), np.uint8)
            for item in own:
                numbers[item.index] = item.masks["left_ventricle"]
            path = tmp_path / "predicted" / f"{source.patient}_{time}.nii.gz"
            write(path, numbers.transpose(2, 1, 0), (columns, rows, deep))
    arguments = ("predicted", "phantom/sunnybrook", "--dataset", "sunnybrook", "--labels", "1=LV")
    found = scored(gridctl, *arguments)
    assert found["not_scored"] == 0
    assert means(found, "left_ventricle")["dice"] == 1
    write(path, numbers.transpose(2, 1, 0)[:-1], (columns, rows, deep))
    done = gridctl("score", *arguments)
    assert done.returncode == 1
    assert "its shape is" in done.stderr


@pytest.mark.skipif(not ROOT, reason="no real data: set GRIDCTL_TEST_DATA to a folder with ACDC in `acdc`")
def test_real_patients_in_the_layout_of_acdc(tmp_path: Path, gridctl: Command) -> None:
    """Predictions in the form of a challenge, by frame and by time point, match the data set as published."""
    training = Path(ROOT) / "acdc" / "database" / "training"
    for number in (1, 2, 90):
        patient = f"patient{number:03d}"
        (tmp_path / "acdc" / "training").mkdir(parents=True, exist_ok=True)
        (tmp_path / "acdc" / "training" / patient).symlink_to(training / patient)
        info = dict(line.split(": ") for line in (training / patient / "Info.cfg").read_text().splitlines())
        for time in ("ED", "ES"):
            frame = f"{patient}_frame{int(info[time]):02d}"
            name = frame if number == 1 else f"{patient}_{time}"
            (tmp_path / "predicted").mkdir(exist_ok=True)
            (tmp_path / "predicted" / f"{name}.nii.gz").symlink_to(training / patient / f"{frame}_gt.nii.gz")
    found = scored(gridctl, "predicted", "acdc", "--dataset", "acdc")
    assert (found["scored"], found["not_scored"]) == (6, 0)
    of_left = means(found, "left_ventricle")
    assert [of_left[name] for name in ("dice", "nsd", "hd", "absolute_ef_error")] == [1, 1, 0, 0]
    assert {case["group"] for case in found["cases"]} == {"DCM", "RV"}
    known = true_voxels()
    counted = [case for case in found["cases"] if case.get("true_positive") is not None]
    assert len({(case["patient"], case["time_point"], case["structure"]) for case in counted}) == 18
    for case in counted:
        truth = case["true_positive"] + case["false_negative"]
        assert truth == known[case["patient"], case["time_point"], case["structure"]], "a report knows these patients"
