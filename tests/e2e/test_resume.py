"""A run that is killed at any moment and restarted ends like an undisturbed one, bit for bit."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gridctl.experiment import load_experiment
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.conftest import EXPERIMENT
from tests.e2e.test_main_job import scores

EPOCHS = 3


@pytest.fixture(scope="module")
def runs(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunSpec]:
    """One run of each model."""
    path = tmp_path_factory.mktemp("experiment") / "tiny.yaml"
    path.write_text(EXPERIMENT.format(phantom=phantom))
    keep = "training.checkpoint_keep_best=validation.soft_dice.left_ventricle"
    loaded = load_experiment(path, ["seeds=[1]", f"training.epochs={EPOCHS}", keep, "scoring.every_epochs=1"])
    return {run.model: run for run in loaded.runs}


@pytest.fixture(scope="module")
def undisturbed(runs: dict[str, RunSpec], tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The result of each model's run without interruptions."""
    ends = {}
    for model, run in runs.items():
        store = tmp_path_factory.mktemp(model)
        assert attempt(run, store) == 0
        ends[model] = scores(store)
    return ends


def attempt(
    run: RunSpec,
    store: Path,
    *,
    kill_at: tuple[str, int | None, int] | None = None,
    sent: int = signal.SIGKILL,
    phase: str | None = None,
) -> int:
    """Run one attempt, and send a signal at the first progress line of that event, epoch and step, or of a phase."""
    location = FolderStore(store)
    key = RunLayout(run.experiment, run.run_id).spec
    location.put(key, run.to_json())
    command = [sys.executable, "-m", "gridctl_trainer", "run", "--progress", "json", f"{store}/{key}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if kill_at and (event["event"], event.get("epoch"), event.get("step", 0)) == kill_at:
                process.send_signal(sent)
                kill_at = None
            if phase and event.get("phase") == phase:
                process.send_signal(sent)
                phase = None
    return process.returncode


@pytest.mark.parametrize("model", [pytest.param("unet", marks=pytest.mark.slow), "gamma_net"])
def test_sigkill_in_every_epoch_of_one_run(
    model: str, runs: dict[str, RunSpec], undisturbed: dict[str, object], tmp_path: Path
) -> None:
    """Attempts are killed after the log of epoch 1, 2, ... in turn; there are checkpoints after epochs 2 and 3."""
    run = runs[model]
    for epoch in range(1, EPOCHS):
        assert attempt(run, tmp_path / "killed", kill_at=("epoch", epoch, 0)) == -signal.SIGKILL
        assert not (tmp_path / "killed" / run.experiment / run.run_id / "result.json").exists()
    attempt(run, tmp_path / "killed", kill_at=("epoch", EPOCHS, 0))  # it may finish before the signal arrives
    assert attempt(run, tmp_path / "killed") == 0
    assert scores(tmp_path / "killed") == undisturbed[model]


@pytest.mark.parametrize("sent", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
@pytest.mark.parametrize("last", [False, True], ids=["of an epoch before the last", "of the last epoch"])
def test_stopped_while_cases_are_scored(
    last: bool, sent: int, runs: dict[str, RunSpec], undisturbed: dict[str, object], tmp_path: Path
) -> None:
    """The next attempt scores what is missing, and trains nothing again for which there is a checkpoint."""
    run, store = runs["unet"], tmp_path / "stopped"
    if last:
        run = run.model_copy(update={"scoring": run.scoring.model_copy(update={"every_epochs": None})})
    stopped = attempt(run, store, phase="scoring cases of sunnybrook", sent=sent)
    assert stopped == (143 if sent == signal.SIGTERM else -sent)
    assert not (store / run.experiment / run.run_id / "result.json").exists()
    assert attempt(run, store) == 0
    found, expected = scores(store), undisturbed["unet"]
    if last:
        found, expected = (
            {key: value for key, value in given.items() if key != "cases"} for given in (found, expected)
        )
    assert found == expected


@pytest.mark.parametrize("epoch", [pytest.param(1, marks=pytest.mark.slow), EPOCHS])
def test_sigterm_in_the_middle_of_an_epoch_loses_no_step(
    epoch: int, runs: dict[str, RunSpec], undisturbed: dict[str, object], tmp_path: Path
) -> None:
    run = runs["unet"]
    stopped = attempt(run, tmp_path / "stopped", kill_at=("step", epoch, 2), sent=signal.SIGTERM)
    assert stopped == 143
    kept = sorted(os.listdir(tmp_path / "stopped" / run.experiment / run.run_id / "checkpoints"))
    assert any(name.startswith(f"epoch-{epoch - 1:04d}-step-") for name in kept), kept
    assert attempt(run, tmp_path / "stopped") == 0
    assert scores(tmp_path / "stopped") == undisturbed["unet"]
    logs = sorted((tmp_path / "stopped" / run.experiment / run.run_id / "attempts").glob("*.log"))
    for number, log in enumerate(logs, 1):
        first = log.read_text().splitlines()[0]
        assert re.search(rf"attempt {number} on cpu \(.+\), 1 thread$", first), first
    assert len(logs) == 2
