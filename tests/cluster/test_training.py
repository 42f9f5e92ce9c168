"""Real trainers in real pods give the same numbers as on this machine, whatever happens to a pod."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gridctl.collection.collect import collect
from gridctl.experiment import load_experiment
from gridctl_trainer.contract.layout import RunLayout, attempt_of, run_of
from gridctl_trainer.contract.records.attempt_log import merge, read_attempt
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store, open_store
from tests.cluster.commands import Gridctl
from tests.cluster.conftest import IMAGE, PARTS, ROOT, Cluster
from tests.cluster.test_jobs import pods_of
from tests.waiting import wait_for

Scores = dict[tuple[str, float, int], tuple[str, list[dict[str, Any]]]]
"""Weights and merged metric log of each model, train ratio and seed."""


@pytest.fixture(scope="module")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the synthetic set in the image."""
    folder = tmp_path_factory.mktemp("data") / "phantom"
    subprocess.run([sys.executable, "-m", "gridctl_trainer", "data", "phantom", str(folder)], check=True)
    return folder


def locally(phantom: Path, store: Path) -> list[str]:
    data = ["--set", f"data.train.path={phantom}/acdc", "--set", f"data.external.sunnybrook.path={phantom}/sunnybrook"]
    return ["--backend", "local", "--store", str(store), *data, "--workers", "2"]


def scores(store: Store, runs: tuple[RunSpec, ...]) -> Scores:
    """Everything that must not depend on where and how often a run was attempted."""
    found: Scores = {}
    for run in runs:
        layout = RunLayout(run.experiment, run.run_id)
        keys = [stat.key for stat in store.list(layout.attempts) if attempt_of(stat.key)]
        log = merge(read_attempt(store.get(key).data, key) for key in keys)
        result = ResultRecord.from_json(store.get(layout.result).data)
        found[run.model, run.train_ratio, run.seed] = (result.weights_sha256, [record.scores for _, record in log])
    return found


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("part", "pairs"),
    [
        pytest.param(["train_ratios=[0.6]", "seeds=[42]"], [1, 1], id="part"),
        pytest.param([], [3, 3, 3, 3], id="whole", marks=pytest.mark.slow),
    ],
)
def test_the_demo_grid_in_pods_reports_what_this_machine_reports(
    part: list[str], pairs: list[int], gridctl: Gridctl, store: Store, phantom: Path, tmp_path: Path, namespace: str
) -> None:
    """experiments/demo.yaml with only two epochs; a pair is one run of each model, scored on two sets."""
    file = Path(shutil.copy(ROOT / "experiments" / "demo.yaml", tmp_path / "demo.yaml"))
    short = ["training.epochs=2", *part]
    small = f"{{namespace: {namespace}, image: {IMAGE}, secret: gridctl-store, gpus: 0, cpu: 100m, memory: 1Gi}}"
    in_pods = [
        *short,
        f"kubernetes={small}",
        "data.train.path=/data/acdc",
        "data.external.sunnybrook.path=/data/sunnybrook",
    ]
    here = [*short, f"data.train.path={phantom}/acdc", f"data.external.sunnybrook.path={phantom}/sunnybrook"]
    submitted = gridctl("submit", file.name, "--backend", "kubernetes", "--store", store.url, *assignments(in_pods))
    assert submitted.returncode == 0, submitted.stderr
    wait_for(lambda: gridctl.totals()["done"] == sum(pairs), 600)
    from_pods = gridctl.json("report", "--significance")
    trained = gridctl("submit", file.name, "--store", "runs", *assignments(here), "--workers", "2")
    assert trained.returncode == 0, trained.stderr
    from_here = gridctl.json("report", "--significance")
    assert from_pods["comparisons"] == from_here["comparisons"]
    assert from_pods["summaries"] == from_here["summaries"]
    assert [row["n_pairs"] for row in from_pods["comparisons"] if not row["secondary"]] == pairs
    pods_runs, local_runs = load_experiment(file, in_pods).runs, load_experiment(file, here).runs
    assert scores(store, pods_runs) == scores(open_store(str(tmp_path / "runs")), local_runs)


def assignments(values: list[str]) -> list[str]:
    return [word for value in values for word in ("--set", value)]


def epochs_done(store: Store, run: RunSpec) -> int:
    return int(collect(store, [run]).runs.iloc[0]["epochs_done"])


@contextlib.contextmanager
def trainer_process(run: RunSpec) -> Iterator[int]:
    """Find the process of a run's trainer on the node, which is this machine.

    Yields:
        The process id.
    """
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().decode().split("\0")
            is_trainer = any(Path(word).name == "gridctl-trainer" for word in words)
            if is_trainer and any(run.run_id in word for word in words):
                yield int(folder.name)
                return
    assert not PARTS, "the cluster is on this machine, but no process of it is the run's trainer"
    pytest.skip("the node's processes are not visible from here")


def test_a_run_survives_deletion_eviction_and_sigkill_of_its_pod(
    cluster: Cluster, gridctl: Gridctl, store: Store, phantom: Path, tmp_path: Path
) -> None:
    """Disturb one run at a time: logs and weights equal those of undisturbed runs, and only the kill is counted."""
    options = ["--set", "models={unet: {channels: [4, 8], batch_size: 1}}", "--set", "seeds=[1, 2, 3]"]
    options += ["--set", "training.epochs=24", "--set", "training.checkpoint_every_epochs=2"]
    options += ["--set", "kubernetes.gpus=1"]
    assert gridctl("submit", "experiment.yaml", *options).returncode == 0
    experiment = load_experiment(tmp_path / "experiment.yaml", options[1::2])
    deleted, evicted, killed = experiment.runs
    namespace = experiment.kubernetes.namespace

    def pod_of(run: RunSpec) -> str:
        pods = [pod["metadata"] for pod in pods_of(cluster, experiment)]
        return next(str(pod["name"]) for pod in pods if pod["labels"]["job-name"] == run.run_id)

    for run in experiment.runs:
        wait_for(lambda run=run: epochs_done(store, run) >= 3)  # type: ignore[misc]
        path = f"/api/v1/namespaces/{namespace}/pods"
        if run is deleted:
            cluster.delete(f"{path}/{pod_of(run)}")
        elif run is evicted:
            name = pod_of(run)
            eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
            cluster.create(f"{path}/{name}/eviction", eviction)
        else:
            with trainer_process(run) as pid:
                os.kill(pid, signal.SIGKILL)
    wait_for(lambda: gridctl.totals()["done"] == 3, 300)
    status = gridctl.json("status")
    assert {(run["attempts"], run["interruptions"]) for run in status["runs"]} == {(2, 1)}, status
    assert 0 < status["gpu_hours"] < 1, "a GPU was held, if not used"
    assert "3 attempts interrupted" in gridctl("status").stdout
    failed = {}
    for run in experiment.runs:
        job = wait_for(lambda run=run: _complete(cluster, namespace, run))  # type: ignore[misc]
        failed[run.run_id] = job.get("failed", 0)
    assert failed == {deleted.run_id: 0, evicted.run_id: 0, killed.run_id: 1}
    (tmp_path / "experiment.yaml").rename(tmp_path / "file.yaml")
    assert gridctl("submit", "file.yaml", *options, *locally(phantom, tmp_path / "runs")).returncode == 0
    overrides = [
        *options[1::2],
        f"data.train.path={phantom}/acdc",
        f"data.external.sunnybrook.path={phantom}/sunnybrook",
    ]
    undisturbed = load_experiment(tmp_path / "file.yaml", overrides).runs
    assert scores(store, experiment.runs) == scores(open_store(str(tmp_path / "runs")), undisturbed)


def _complete(cluster: Cluster, namespace: str | None, run: RunSpec) -> dict[str, Any] | None:
    status = cluster.get(f"/apis/batch/v1/namespaces/{namespace}/jobs/{run.run_id}").get("status", {})
    ended = any(c["type"] == "Complete" and c["status"] == "True" for c in status.get("conditions", []))
    return dict(status) if ended else None


def test_a_bad_specification_burns_no_retry(cluster: Cluster, gridctl: Gridctl, store: Store, tmp_path: Path) -> None:
    """The trainer refuses the specification, the Job fails at once, and status says why."""
    options = ["--set", "models={unet: {channels: [4, 8]}}", "--set", "seeds=[1]", "--set", "data.train.path=/nowhere"]
    assert gridctl("submit", "experiment.yaml", *options).returncode == 0
    wait_for(lambda: gridctl.totals()["failed"] == 1)
    (run,) = gridctl.json("status")["runs"]
    assert "exit code 3" in run["reason"] or "/nowhere" in run["reason"], run
    (job,) = cluster.get(f"/apis/batch/v1/namespaces/{_namespace(tmp_path)}/jobs")["items"]
    assert job["status"]["failed"] == 1
    log = gridctl("logs", run["run_id"])
    assert "/nowhere" in log.stdout + log.stderr
    assert gridctl("retry").returncode == 0
    wait_for(lambda: sum(1 for s in store.list() if attempt_of(s.key) and run_of(s.key)) == 2)


def _namespace(folder: Path) -> str:
    return str(load_experiment(folder / "experiment.yaml").kubernetes.namespace)


def test_logs_follow_a_pod_and_stay_when_it_is_gone(cluster: Cluster, gridctl: Gridctl, tmp_path: Path) -> None:
    options = ["--set", "models={unet: {channels: [4, 8]}}", "--set", "seeds=[1]"]
    assert gridctl("submit", "experiment.yaml", *options).returncode == 0
    run_id = gridctl.json("status")["runs"][0]["run_id"]
    followed = gridctl("logs", run_id, "-f")
    assert followed.returncode == 0, followed.stderr
    assert "epoch 4/4" in followed.stdout
    assert "finished: validation soft Dice" in followed.stdout
    cluster.delete(f"/apis/batch/v1/namespaces/{_namespace(tmp_path)}/jobs/{run_id}", propagationPolicy="Foreground")
    wait_for(lambda: not cluster.get(f"/api/v1/namespaces/{_namespace(tmp_path)}/pods")["items"])
    kept = gridctl("logs", run_id)
    assert "epoch 4/4" in kept.stdout
    assert json.loads(gridctl("status", "--json").stdout)["totals"]["done"] == 1, "the store knows it is done"
