"""Validating only after some epochs is cheaper and always stated, and the last epoch always has scores."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from gridctl_trainer.contract.records.attempt_log import read_attempt
from tests.e2e.conftest import Run

SCORE = "validation.soft_dice.left_ventricle"
OPTIONS = (
    *("--set", "seeds=[1]", "--set", "models={a: {architecture: unet, channels: [4, 8]}, unet: {channels: [4, 4]}}"),
    *("--set", "compare={model: a, against: unet, metrics: [validation.soft_dice]}"),
    *("--set", "training.epochs=5", "--set", "training.validate_every_epochs=2"),
    *("--set", f"training.checkpoint_keep_best={SCORE}", "--set", "metrics=[soft_dice]"),
)


def test_scores_of_some_epochs_are_enough(experiment: Path, gridctl: Run, tmp_path: Path) -> None:
    submitted = gridctl("submit", experiment.name, "--no-verify", *OPTIONS)
    assert submitted.returncode == 0, submitted.stderr
    for path in (tmp_path / "runs").rglob("attempts/*.jsonl"):
        log = read_attempt(path.read_bytes(), path)
        assert [sorted(record.sets) for record in log.epochs] == [
            [],
            ["sunnybrook", "validation"],
            [],
            ["sunnybrook", "validation"],
            ["sunnybrook", "validation"],
        ]
        assert "epoch 3/5: loss" in (text := path.with_suffix(".log").read_text())
        assert text.count("not validated") == 2

    assert gridctl("export", "-o", "epochs.csv").returncode == 0
    with (tmp_path / "epochs.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["model"] == "a"]
    values = [row[SCORE] for row in rows]
    assert [not value for value in values] == [True, False, True, False, False]
    known = np.array([float(value) for value in values if value])

    wanted = {"final": known[-1], "best": known.max(), "last-3": known[1:].mean(), "mean": known.mean()}
    for score, expected in wanted.items():
        report = gridctl("report", "--format", "json", "--score", score)
        assert report.returncode == 0, report.stderr
        content = json.loads(report.stdout)
        said = [line for line in content["warnings"] if "validate_every_epochs is 2" in line]
        assert len(said) == (score != "final"), content["warnings"]
        (summary,) = (row for row in content["summaries"] if row["model"] == "a" and row["metric"] == SCORE)
        assert summary["n"] == 1
        assert summary["mean"] == pytest.approx(expected)
        assert all(f"{score} takes only the epochs that were validated" in line for line in said)

    status = json.loads(gridctl("status", "--json").stdout)
    assert status["totals"]["done"] == 2
    page = gridctl("report", "--format", "html", "-o", "page")
    assert page.returncode == 0, page.stderr

    longer = gridctl("submit", experiment.name, *OPTIONS, "--set", "training.epochs=3", "--reuse-epochs", "--dry-run")
    assert longer.returncode == 0, longer.stderr
