"""Runs every command against a real cluster, as a user types it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from gridctl.experiment import load_experiment
from gridctl_trainer.storage.base import Store
from tests.cluster.commands import Gridctl
from tests.cluster.conftest import ROOT, Cluster
from tests.waiting import wait_for

ONE = ["--set", "models={unet: {channels: [4, 8]}}", "--set", "seeds=[1]"]


def jobs(cluster: Cluster, folder: Path) -> list[str]:
    namespace = load_experiment(folder / "experiment.yaml").kubernetes.namespace
    items = cluster.get(f"/apis/batch/v1/namespaces/{namespace}/jobs")["items"]
    return sorted(item["metadata"]["name"] for item in items)


def test_dry_run_says_what_would_be_and_makes_nothing(cluster: Cluster, gridctl: Gridctl, tmp_path: Path) -> None:
    done = gridctl("submit", "experiment.yaml", "--dry-run", "--set", "kubernetes.gpus=1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("create") == 4
    assert "4 GPUs" in done.stderr
    assert jobs(cluster, tmp_path) == []
    refused = gridctl("submit", "experiment.yaml", "--dry-run", "--set", "kubernetes.priority_class=no-such-class")
    assert refused.returncode == 2
    assert "no-such-class" in refused.stderr


def test_render_writes_what_submit_would_send(gridctl: Gridctl, tmp_path: Path) -> None:
    assert gridctl("render", "experiment.yaml", "-o", "jobs").returncode == 0
    written = sorted((tmp_path / "jobs").iterdir())
    runs = load_experiment(tmp_path / "experiment.yaml").runs
    assert [path.stem for path in written] == sorted(run.run_id for run in runs)
    assert all(yaml.safe_load(path.read_text())["kind"] == "Job" for path in written)
    shown = list(yaml.safe_load_all(gridctl("render", "experiment.yaml").stdout))
    assert {document["metadata"]["name"] for document in shown} == {run.run_id for run in runs}


def test_doctor_finds_nothing_wrong_where_nothing_is(gridctl: Gridctl) -> None:
    done = gridctl("doctor", "experiment.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    for topic in ("Secret", "store", "image", "restricted"):
        assert topic.lower() in (done.stdout + done.stderr).lower()


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("kubernetes.secret=no-such-secret", "no-such-secret"),
        ("kubernetes.namespace=no-such-namespace", "no-such-namespace"),
        ("kubernetes.gpus=64", "nvidia.com/gpu"),
    ],
)
def test_doctor_names_what_is_wrong(assignment: str, said: str, gridctl: Gridctl) -> None:
    done = gridctl("doctor", "experiment.yaml", "--set", assignment)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_says_once_that_the_namespace_is_missing(gridctl: Gridctl) -> None:
    options = ["--set", "kubernetes.namespace=no-such-namespace", "--set", "kubernetes.volumes={/data: {claim: data}}"]
    done = gridctl("doctor", "experiment.yaml", *options, "--json")
    assert done.returncode == 3, done.stdout + done.stderr
    states = {check["name"]: check["state"] for check in json.loads(done.stdout)}
    assert [name for name, state in states.items() if state == "failed"] == ["namespace"]
    assert states["rights, Jobs, Secrets, claims"] == "unknown"
    assert states["GPUs and nodes"] == states["store"] == "ok", "these do not lie in it"


def test_pods_that_lack_their_data_or_hold_a_gpu_in_vain_are_said_before(gridctl: Gridctl) -> None:
    """The test's image has /data without a volume, so this is only a note and the submission is accepted."""
    options = [*ONE, "--set", "kubernetes.gpus=1"]
    shown = gridctl.json("submit", "experiment.yaml", "--dry-run", *options)
    assert {check["name"] for check in shown["pod_contents"]} == {"data", "GPUs"}
    for command in (["doctor"], ["submit", "--dry-run"], ["submit"]):
        done = gridctl(command[0], "experiment.yaml", *command[1:], *options)
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode == 0, said
        assert "no volume of the pods is mounted at or above /data/acdc" in said
        assert "each pod asks for 1 GPU and would not use it: training.device is cpu" in said


def test_watch_ends_when_nothing_is_active(gridctl: Gridctl) -> None:
    assert gridctl("submit", "experiment.yaml", *ONE).returncode == 0
    watched = gridctl("status", "--watch")
    assert watched.returncode == 0, watched.stderr
    assert "1 run: 1 done" in watched.stdout


def test_cancel_then_submit_again_resumes(gridctl: Gridctl, cluster: Cluster, tmp_path: Path) -> None:
    options = [*ONE, "--set", "training.epochs=150"]
    assert gridctl("submit", "experiment.yaml", *options).returncode == 0
    wait_for(lambda: gridctl.json("status")["runs"][0]["epochs_done"] >= 2)
    assert gridctl("cancel").returncode == 0
    (run,) = gridctl.json("status")["runs"]
    assert (run["state"], "by `gridctl cancel`" in run["reason"]) == ("cancelled", True)
    assert jobs(cluster, tmp_path) == []
    before = gridctl.json("status")["runs"][0]["epochs_done"]
    assert gridctl("submit", "experiment.yaml", *options).returncode == 0
    wait_for(lambda: gridctl.totals()["done"] == 1, 300)
    (run,) = gridctl.json("status")["runs"]
    assert before >= 2
    assert (run["epochs_done"], run["attempts"], run["interruptions"]) == (150, 2, 1)
    assert (run["state"], run["reason"]) == ("done", "")


def test_delete_asks_and_takes_jobs_and_store(gridctl: Gridctl, cluster: Cluster, store: Store, tmp_path: Path) -> None:
    assert gridctl("submit", "experiment.yaml", *ONE).returncode == 0
    unanswered = gridctl("delete", "demo")
    assert unanswered.returncode == 2
    assert "--yes" in unanswered.stderr
    assert len(jobs(cluster, tmp_path)) == 1
    assert gridctl("delete", "demo", "--yes").returncode == 0
    assert jobs(cluster, tmp_path) == []
    assert list(store.list()) == []


def test_the_base_applies_as_it_is() -> None:
    """`kubectl apply -k k8s/base` as a dry run."""
    from shutil import which

    kubectl = which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not on the PATH")
    command = [kubectl, "apply", "-k", str(ROOT / "k8s" / "base"), "--dry-run=client"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
