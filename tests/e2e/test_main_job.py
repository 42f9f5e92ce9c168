"""The main job: submit a grid, see how far it is, get an answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from gridctl_trainer.contract.layout import attempt_of, history_prefix, run_of
from gridctl_trainer.contract.records.attempt_log import merge, read_attempt
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.conftest import Run
from tests.scored import SUNNYBROOK_VOLUME_DICE, VOLUME_DICE
from tests.waiting import files_matching

TWO = ("--set", "models={unet: {channels: [4, 8, 8], batch_size: 4}}", "--set", "compare=null", "--no-verify")
TWO += ("--set", "seeds=[1, 2]")
"""Two runs of one model instead of six: enough to have one in progress and one left."""


def scores(store: Path) -> dict[str, object]:
    """Everything that must not depend on interruptions: merged log, weights and cases of each run."""
    opened = FolderStore(store)
    logs: dict[str, list[object]] = {}
    for stat in opened.list():
        run = run_of(stat.key)
        if run and attempt_of(stat.key):
            logs.setdefault(run.run_id, []).append(read_attempt(opened.get(stat.key).data, stat.key))
    weights = {
        stat.key: ResultRecord.from_json(opened.get(stat.key).data).weights_sha256
        for stat in opened.list()
        if stat.key.endswith("/result.json")
    }
    merged = {run_id: [record.scores for _, record in merge(items)] for run_id, items in logs.items()}  # type: ignore[arg-type]
    cases = {stat.key: opened.get(stat.key).data for stat in opened.list() if stat.key.endswith("/cases.jsonl.gz")}
    assert len(cases) == len(weights)
    return {"weights": weights, "logs": merged, "cases": cases}


def test_submit_status_report_and_nothing_twice(experiment: Path, gridctl: Run, tmp_path: Path) -> None:
    experiment.write_text(experiment.read_text().replace("seeds: [1, 2, 3]", "seeds: [1, 2]"))
    submitted = gridctl("submit", experiment.name, "--workers", "2", "--backend", "local")
    assert submitted.returncode == 0, submitted.stderr
    assert submitted.stdout == ""
    assert "4 runs: 4 to start" in submitted.stderr

    assert_both_models_of_a_pair_see_the_same_split(FolderStore(tmp_path / "runs"))

    status = json.loads(gridctl("status", "--json").stdout)
    assert status["experiment"] == "tiny"
    assert {state: number for state, number in status["totals"].items() if number} == {"done": 4}
    assert [cell["epochs_done"] for cell in status["cells"]] == [6, 6]
    shown = gridctl("status")
    assert "experiment tiny in" in shown.stderr
    assert "4 done" in shown.stdout

    report = gridctl("report", "--significance", "--format", "json")
    assert report.returncode == 0, report.stderr
    rows = json.loads(report.stdout)["comparisons"]
    assert {row["metric"] for row in rows if not row["secondary"]} == {VOLUME_DICE, SUNNYBROOK_VOLUME_DICE}
    beside = {row["metric"] for row in rows if row["secondary"]}
    assert beside == {"validation.hd95.left_ventricle", "sunnybrook.hd95.left_ventricle"}
    assert {row["n_pairs"] for row in rows} == {2}
    pooled = gridctl("report", "--significance", "--unit", "epoch")
    assert pooled.returncode == 0
    assert "epoch" in pooled.stdout

    written = gridctl("report", "--significance", "--format", "latex", "-o", "out")
    assert written.returncode == 0, written.stderr
    assert r"\toprule" in (tmp_path / "out" / "report.tex").read_text()
    planned = json.loads(gridctl("plan", "--json").stdout)
    assert (planned["runs"], planned["runs_left"], planned["unmeasured"]) == (4, 0, [])
    exported = gridctl("export", "-o", "epochs.csv")
    assert "12 rows in epochs.csv" in exported.stderr
    dry = json.loads(gridctl("submit", experiment.name, "--set", "seeds=[1, 2, 3]", "--dry-run", "--json").stdout)
    assert dry["estimate"]["runs_left"] == len(dry["create"]) == 2
    assert dry["estimate"]["eta_seconds"] > 0

    before = scores(tmp_path / "runs")
    again = gridctl("submit", experiment.name)
    assert again.returncode == 0
    assert "4 done already" in again.stderr
    after = FolderStore(tmp_path / "runs")
    assert scores(tmp_path / "runs") == before
    assert sum(1 for stat in after.list() if attempt_of(stat.key)) == 4
    history = [json.loads(after.get(stat.key).data) for stat in after.list(history_prefix("tiny"))]
    assert [(event["event"], event["finished"]) for event in history] == [
        ("submit", 0),
        *[("report", 4)] * 3,  # a look at runs, one at epochs, and another one at runs
        ("submit", 4),
    ]


def assert_both_models_of_a_pair_see_the_same_split(store: FolderStore) -> None:
    """The split is in the log."""
    logs = [read_attempt(store.get(stat.key).data) for stat in store.list() if attempt_of(stat.key)]
    first, second = (log.data for log in logs if "-s1-" in log.attempt.run_id)
    assert first is not None
    assert second is not None
    assert first.split_digest == second.split_digest
    assert first.data_digest == second.data_digest
    patients = {name: found.patients for name, found in first.sets.items()}
    assert set(patients["train"]).isdisjoint(patients["validation"])
    assert {name: len(of_set) for name, of_set in patients.items()} == {"train": 3, "validation": 3, "sunnybrook": 2}
    assert first.digests.keys() == {"train", "sunnybrook"}


def test_ctrl_c_checkpoints_and_the_same_command_finishes_what_is_missing(
    experiment: Path, gridctl: Run, tmp_path: Path
) -> None:
    gridctl("submit", experiment.name, *TWO, "--store", "undisturbed")
    command = [sys.executable, "-m", "gridctl", "submit", experiment.name, *TWO, "--workers", "1"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        _wait_for_an_epoch(tmp_path / "runs")
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert "the same command goes on" in said
    status = json.loads(gridctl("status", "--json").stdout)
    assert {state for state, number in status["totals"].items() if number} <= {"done", "interrupted", "not_started"}
    assert status["totals"]["done"] < 2

    finished = gridctl("submit", experiment.name, *TWO, "--workers", "2")
    assert finished.returncode == 0, finished.stderr
    assert scores(tmp_path / "runs") == scores(tmp_path / "undisturbed")


def test_two_submits_at_once_train_every_run_once(experiment: Path, tmp_path: Path, gridctl: Run) -> None:
    command = [sys.executable, "-m", "gridctl", "submit", experiment.name, *TWO, "--workers", "1"]
    both = [subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=240)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    store = FolderStore(tmp_path / "runs")
    assert sum(1 for stat in store.list() if attempt_of(stat.key)) == 2
    assert json.loads(gridctl("status", "--json").stdout)["totals"]["done"] == 2


def test_a_trainer_outlives_a_killed_submit_and_its_run_is_left_alone(
    experiment: Path, gridctl: Run, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "gridctl", "submit", experiment.name, *TWO, "--workers", "1"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        _wait_for_an_epoch(tmp_path / "runs")
        process.kill()
    again = gridctl("submit", experiment.name, *TWO, "--workers", "2")
    assert again.returncode == 0, again.stderr
    deadline = time.monotonic() + 60
    while json.loads(gridctl("status", "--json").stdout)["totals"]["done"] < 2 and time.monotonic() < deadline:
        time.sleep(0.5)
    store = FolderStore(tmp_path / "runs")
    assert json.loads(gridctl("status", "--json").stdout)["totals"]["done"] == 2
    assert sum(1 for stat in store.list() if attempt_of(stat.key)) == 2


def _wait_for_an_epoch(store: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for path in files_matching(store, "*/*/attempts/*.jsonl"):
            if '"kind":"epoch"' in path.read_text():
                return
        time.sleep(0.02)
    raise AssertionError(f"no epoch in {os.listdir(store) if store.exists() else store}")
