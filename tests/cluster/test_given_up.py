"""A run that Kubernetes gives up says why, and `retry` continues from its checkpoint."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from gridctl.experiment import load_experiment
from gridctl_trainer.contract.layout import RunLayout, attempt_of
from gridctl_trainer.contract.records.attempt_log import AttemptLog, read_attempt
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store
from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster
from tests.cluster.test_training import epochs_done, trainer_process
from tests.waiting import wait_for

OPTIONS = ["--set", "models={unet: {channels: [4, 8], batch_size: 1}}", "--set", "seeds=[1]"]
OPTIONS += ["--set", "training.epochs=60", "--set", "training.checkpoint_every_epochs=2"]


def begun(gridctl: Gridctl, store: Store, folder: Path, *options: str) -> RunSpec:
    """A run that is in its fourth epoch or later."""
    assert gridctl("submit", "experiment.yaml", *OPTIONS, *options).returncode == 0
    (run,) = load_experiment(folder / "experiment.yaml", OPTIONS[1::2]).runs
    wait_for(lambda: epochs_done(store, run) >= 3)
    return run


def goes_on(gridctl: Gridctl, store: Store, run: RunSpec) -> AttemptLog:
    """The second attempt, once it has finished the run."""
    assert gridctl("retry").returncode == 0
    wait_for(lambda: gridctl.totals()["done"] == 1, 180)
    keys = [stat.key for stat in store.list(RunLayout(run.experiment, run.run_id).attempts) if attempt_of(stat.key)]
    first, second = sorted((read_attempt(store.get(key).data) for key in keys), key=lambda log: log.name)
    assert second.epochs[0].epoch == second.attempt.resumed_epoch + 1
    assert len(first.epochs) - second.attempt.resumed_epoch <= run.training.checkpoint_every_epochs
    return second


def test_the_deadline(cluster: Cluster, gridctl: Gridctl, store: Store, tmp_path: Path, namespace: str) -> None:
    """The deadline arrives as a SIGTERM, so nothing is lost."""
    run = begun(gridctl, store, tmp_path)
    cluster.patch(f"/apis/batch/v1/namespaces/{namespace}/jobs/{run.run_id}", {"spec": {"activeDeadlineSeconds": 1}})
    wait_for(lambda: gridctl.totals()["failed"] == 1)
    (said,) = gridctl.json("status")["runs"]
    assert "was not done within kubernetes.deadline_seconds" in said["reason"]
    assert "gridctl retry" in said["reason"]
    done = said["epochs_done"]
    assert done < run.training.epochs
    assert goes_on(gridctl, store, run).attempt.resumed_epoch == done


def test_no_retries_left(gridctl: Gridctl, store: Store, tmp_path: Path) -> None:
    run = begun(gridctl, store, tmp_path, "--set", "kubernetes.retries=0")
    with trainer_process(run) as pid:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: gridctl.totals()["failed"] == 1)
    (said,) = gridctl.json("status")["runs"]
    assert "failed 1 time, kubernetes.retries is 0; last: killed (exit code 137)" in said["reason"]
    assert "gridctl retry" in said["reason"]
    assert goes_on(gridctl, store, run).attempt.resumed_epoch >= 2
