"""The commands lead from masks to an answer: predict, score, and report with the masks as one side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

from gridctl_trainer.datasets.phantom.dataset import PhantomOptions, write_phantom
from tests.forked_commands import ForkedCommand

EXPERIMENT = """\
name: hearts
models:
  unet: {channels: [4, 8], batch_size: 4}
train_ratios: [0.5]
seeds: [1, 2]
data:
  train: {dataset: acdc, path: phantom/acdc}
  test: {dataset: acdc, path: phantom/acdc/database/testing}
  size_px: 96
training: {epochs: 2, learning_rate: 0.01}
metrics: [dice, hd95, true_volume_ml, soft_dice]
"""
TEST = "phantom/acdc/database/testing"
Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which an experiment with two seeds was trained and tested on four patients."""
    folder = tmp_path_factory.mktemp("against")
    write_phantom(folder / "phantom", PhantomOptions(patients=9, generalisation_patients=1, slices=3, seed=3))
    database = folder / "phantom" / "acdc" / "database"
    (database / "testing").mkdir()
    for patient in sorted((database / "training").iterdir())[-4:]:
        patient.rename(database / "testing" / patient.name)
    (folder / "hearts.yaml").write_text(EXPERIMENT)
    assert command(folder, "submit", "hearts.yaml", "--no-verify").returncode == 0
    return folder


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gridctl", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )


@pytest.fixture
def gridctl(trained: Path, forked_gridctl: ForkedCommand) -> Call:
    return lambda *arguments: forked_gridctl(arguments, trained, dict(os.environ))


def test_masks_of_an_ensemble_are_one_side_of_a_report(trained: Path, gridctl: Call) -> None:
    predicted = gridctl("predict", "hearts", TEST, "--ensemble", "-o", "ensemble")
    assert predicted.returncode == 0, predicted.stderr
    for file in ("ensemble.parquet", "ensemble.json"):
        scored = gridctl("score", "ensemble", TEST, "--dataset", "acdc", "-o", file)
        assert scored.returncode == 0, scored.stderr
    said = []
    for file in ("ensemble.parquet", "ensemble.json"):
        done = gridctl("report", "--against", file, "--json")
        assert done.returncode == 0, done.stderr
        said.append(json.loads(done.stdout))
    of_parquet, of_json = said
    assert of_parquet["predictions"] == of_json["predictions"]
    row = next(row for row in of_json["predictions"] if not row["secondary"])
    table = pd.read_parquet(trained / "ensemble.parquet")
    theirs = table[table["metric"] == "dice"].groupby("patient")["value"].mean()
    assert gridctl("export", "hearts", "--table", "cases", "-o", "cases.parquet").returncode == 0
    cases = pd.read_parquet(trained / "cases.parquet")
    own = cases[(cases["set"] == "test") & (cases["metric"] == "dice") & (cases["checkpoint"] == "final")]
    ours = own.groupby(["run_id", "patient"], observed=True)["value"].mean().groupby("patient", observed=True).mean()
    expected = stats.ttest_rel(ours, theirs)
    assert (row["networks"], row["patients"], row["patients_left_out"]) == (2, 4, 0)
    assert row["p"] == pytest.approx(expected.pvalue)
    assert row["difference"] == pytest.approx((ours - theirs).mean())
    assert row["metric"] == "test.dice.left_ventricle"
    assert any("test set for the first time" in line for line in of_parquet["warnings"])
    assert any("report 2" in line and "test set" in line for line in of_json["warnings"])
    (line,) = of_json["headlines"]
    assert "unet against the masks of ensemble" in line
    assert "is better" not in line

    files = gridctl("report", "-o", "report", "--against", "nets=ensemble.parquet", "--against", "ensemble.json")
    assert files.returncode == 0, files.stderr
    page = (trained / "report" / "report.html").read_text()
    assert 'id="predictions"' in page
    assert "--against" in page
    assert "nets=" in page
    assert "unet against the masks of nets" in (trained / "report" / "report.txt").read_text()
    verified = gridctl("verify", "report")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    (trained / "ensemble.json").write_text((trained / "ensemble.json").read_text() + "\n")
    changed = gridctl("verify", "report")
    assert changed.returncode == 1
    assert "ensemble.json: its SHA-256 is" in changed.stdout


def test_two_sets_of_masks_are_compared_with_each_other(trained: Path, gridctl: Call) -> None:
    runs = sorted(path.parent.name for path in (trained / "runs").rglob("result.json"))
    for name, run in zip(("first", "second"), runs, strict=True):
        assert gridctl("predict", run, TEST, "-o", name).returncode == 0
        assert gridctl("score", name, TEST, "--dataset", "acdc", "-o", f"{name}.parquet").returncode == 0
    done = gridctl("report", "--model", "first=first.parquet", "--against", "second.parquet")
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert "first against the masks of second" in told
    assert "the masks of both as they are, for patients like" in told
    assert "training again may reverse it" in told


def test_masks_of_training_patients_are_no_side(trained: Path, gridctl: Call) -> None:
    """Masks of patients on whom the predicting run was trained are refused, even as a set of another experiment."""
    run = next(path.parent for path in sorted((trained / "runs").rglob("result.json")))
    other = EXPERIMENT.replace("hearts", "others").replace("path: phantom/acdc}", f"path: {TEST}}}")
    other = other.replace(f"test: {{dataset: acdc, path: {TEST}}}", "test: {dataset: acdc, path: phantom/acdc}")
    (trained / "others.yaml").write_text(other.replace("seeds: [1, 2]", "seeds: [1]"))
    submitted = gridctl("submit", "others.yaml", "--no-verify")
    assert submitted.returncode == 0, submitted.stderr
    training = "phantom/acdc/database/training"
    assert gridctl("predict", run.name, training, "-o", "known").returncode == 0
    sidecar = json.loads((trained / "known" / "dataset.json").read_text())
    known = sidecar["runs"][0]["trained_on"]
    scored = gridctl("score", "known", training, "--dataset", "acdc", "-o", "known.parquet")
    assert scored.returncode == 0, scored.stderr
    assert f"note: {len(known)} patients trained on: {known[0]} by {run.name}" in scored.stderr
    refused = gridctl("report", "others", "--against", "known.parquet")
    assert refused.returncode == 2
    assert f"{len(known)} patients trained on by a run that predicted these masks" in refused.stderr
    assert f"{known[0]} by {run.name}" in refused.stderr
    assert "leave these masks out of PREDICTIONS" in refused.stderr


def test_an_edited_file_and_one_of_other_patients_are_refused(trained: Path, gridctl: Call) -> None:
    scored = gridctl("score", f"{TEST}", f"{TEST}", "--labels", "1=RV,2=MYO,3=LV", "-o", "truth.parquet")
    assert scored.returncode == 0, scored.stderr
    strangers = gridctl("report", "hearts", "--against", "truth.parquet")
    assert strangers.returncode == 2
    assert "no patient is on both sides" in strangers.stderr
    assert "--dataset NAME, or --pattern" in strangers.stderr
    table = pd.read_parquet(trained / "truth.parquet")
    table.to_parquet(trained / "edited.parquet")
    edited = gridctl("report", "hearts", "--against", "edited.parquet")
    assert edited.returncode == 2
    assert "not a file that gridctl score wrote" in edited.stderr
    assert "score the masks again" in edited.stderr
