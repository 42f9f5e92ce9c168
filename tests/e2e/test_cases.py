"""Checks the scorecard that a run leaves, and the mistakes that are found before anything is trained."""

from __future__ import annotations

import json
from pathlib import Path

from gridctl_trainer.contract.records.attempt_log import read_attempt
from gridctl_trainer.contract.records.case_scores import read_cases
from gridctl_trainer.contract.spec import DEFAULT_METRICS
from gridctl_trainer.plugins.metric import METRICS
from tests.e2e.conftest import Run

EXPERIMENT = """\
name: cases
models: {{unet: {{channels: [4, 8]}}}}
train_ratios: [0.5]
seeds: [1]
data:
  train: {{dataset: acdc, path: {phantom}/acdc}}
  test: {{dataset: sunnybrook, path: {phantom}/sunnybrook}}
  size_px: 48
training: {{epochs: 3, checkpoint_keep_best: train_loss}}
scoring: {{every_epochs: 2}}
"""


def test_every_case_of_every_set_and_the_test_set_once(phantom: Path, gridctl: Run, tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text(EXPERIMENT.format(phantom=phantom))
    submitted = gridctl("submit", "cases.yaml")
    assert submitted.returncode == 0, submitted.stderr
    (path,) = (tmp_path / "runs").rglob("cases.jsonl.gz")
    header, found = read_cases(path.read_bytes(), path)
    cases = list(found)
    assert set(header.metrics) == {name for name in DEFAULT_METRICS if METRICS.find(name).level != "slice"}
    assert {(case.checkpoint, case.epoch, case.set) for case in cases} == {
        ("epoch", 2, "validation"),
        ("best", 3, "validation"),
        ("final", 3, "validation"),
        ("final", 3, "test"),
    }
    (log,) = (read_attempt(path.read_bytes()) for path in (tmp_path / "runs").rglob("attempts/*.jsonl"))
    assert log.data
    validation = log.data.sets["validation"].patients
    for checkpoint in ("epoch", "best", "final"):
        of_set = [case for case in cases if (case.checkpoint, case.set) == (checkpoint, "validation")]
        assert [(case.patient, case.time_point) for case in of_set] == [
            (patient, time_point) for patient in validation for time_point in ("ED", "ES", "patient")
        ]
        for case in of_set:
            assert set(case.scores) | set(case.undefined) == {
                name
                for name, info in header.metrics.items()
                if info.level == ("patient" if case.time_point == "patient" else "case") and info.per_structure
            }
            assert (case.true_positive is None) == (case.time_point == "patient")
    result = json.loads(next((tmp_path / "runs").rglob("result.json")).read_text())
    assert [of["patient"] for of in result["function"]] == list(validation), "no patient of the test set"
    assert {record.epoch: sorted(record.sets) for record in log.epochs} == {n: ["validation"] for n in (1, 2, 3)}


def test_a_metric_of_cases_that_fails_is_known_before_the_first_epoch(
    phantom: Path, gridctl: Run, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "def broken(volume):\n    raise ValueError('no such thing')\n\n\n"
        "broken.higher_is_better, broken.level = True, 'case'\n"
    )
    text = EXPERIMENT.format(phantom=phantom) + 'metrics: [soft_dice, "mine:broken"]\nplugin_path: [.]\n'
    (tmp_path / "cases.yaml").write_text(text)
    refused = gridctl("submit", "cases.yaml")
    assert refused.returncode == 2, refused.stderr
    assert "the metric 'mine:broken' fails: ValueError: no such thing" in refused.stderr
    assert not list((tmp_path / "runs").rglob("*.jsonl"))
