"""Follows docs/cluster.md to the letter: every command in order, from an empty namespace to a report."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gridctl_trainer.storage.base import open_store
from tests import s3_server
from tests.cluster.conftest import IMAGE, ROOT, Cluster
from tests.cluster.documentation import commands_of, files_of
from tests.cluster.kubectl import require_kubectl
from tests.cluster.test_data import phantom_in
from tests.waiting import wait_for

DOCUMENT = ROOT / "docs" / "cluster.md"
NOT_HERE = ("docker push", "docker build", "make image")
"""Commands that are not run: images are built before these tests, and `make image` has a test of its own."""
REGISTRY = "registry.example.org/lab/gridctl-trainer:1"
SMALL = {
    "models": {
        "unet": {"channels": [4, 8], "batch_size": 4},
        "gamma_net": {
            "channels": [4, 8],
            "down_fgru_kernels": [3, 1],
            "up_fgru_kernels": [3],
            "batch_size": 4,
            "timesteps": 1,
        },
    },
    "training": {"epochs": 1, "device": "cpu"},
    "seeds": [1],
    "train_ratios": [0.5],
}
SMALL_PODS = {"gpus": 0, "cpu": "100m", "cpu_limit": "none", "memory": "1Gi", "scratch": "200Mi", "shm": "64Mi"}


class Newcomer:
    """A user with a shell in a checkout, whose namespace, bucket and image have other names than in the document."""

    def __init__(self, folder: Path, namespace: str, prefix: str) -> None:
        self.folder, self.namespace, self.prefix = folder, namespace, prefix
        self.names = {
            REGISTRY: IMAGE,
            "gridctl-trainer:1": IMAGE,
            "s3://bucket": prefix,
            "-n gridctl ": f"-n {namespace} ",
            "namespace: gridctl\n": f"namespace: {namespace}\n",
            "PATH/acdc": "phantom/acdc",
        }

    def translated(self, text: str) -> str:
        for name, mine in self.names.items():
            text = text.replace(name, mine)
        return text

    def types(self, command: str) -> str:
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-c", self.translated(command)],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture
def newcomer(cluster: Cluster, tmp_path: Path) -> Iterator[Newcomer]:
    require_kubectl()
    namespace = f"test-{uuid.uuid4().hex[:8]}"
    prefix = f"s3://{s3_server.BUCKET}/cluster-tests/{uuid.uuid4().hex}"
    who = Newcomer(tmp_path, namespace, prefix)
    shutil.copytree(ROOT / "k8s", tmp_path / "k8s")
    for path in (tmp_path / "k8s" / "base").glob("*.yaml"):
        text = who.translated(path.read_text())
        if path.name == "namespace.yaml":
            text = text.replace("name: gridctl", f"name: {namespace}")
        small = re.sub(r"\{cpu: \w+, memory: \w+\}", "{cpu: 100m, memory: 1Gi}", text)
        path.write_text(small.replace("storage: 50Gi", "storage: 1Gi"))
    (text,) = (file for file in files_of(DOCUMENT) if "models:" in file)
    experiment = yaml.safe_load(who.translated(text.replace("namespace: gridctl", f"namespace: {namespace}")))
    experiment["kubernetes"] |= SMALL_PODS
    experiment["data"]["size_px"] = 32
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(experiment | SMALL))
    phantom_in(tmp_path / "phantom")
    disk = Path(f"/var/tmp/gridctl-test-{uuid.uuid4().hex}")
    disk.mkdir(mode=0o777)
    disk.chmod(0o777)
    common = {"accessModes": ["ReadWriteMany"], "storageClassName": "", "capacity": {"storage": "1Gi"}}
    owner = {"namespace": namespace, "name": "gridctl-data"}
    spec = {**common, "hostPath": {"path": str(disk)}, "claimRef": owner}
    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": namespace}, "spec": spec}
    cluster.create("/api/v1/persistentvolumes", volume)
    yield who
    cluster.delete(f"/apis/batch/v1/namespaces/{namespace}/jobs", propagationPolicy="Background")
    cluster.delete(f"/api/v1/namespaces/{namespace}/pods", gracePeriodSeconds="0")
    cluster.delete(f"/api/v1/namespaces/{namespace}")
    cluster.delete(f"/api/v1/persistentvolumes/{namespace}")
    subprocess.run(["rm", "-rf", str(disk)], check=False)
    store = open_store(prefix)
    for stat in list(store.list()):
        store.delete(stat.key)


def test_from_an_empty_namespace_to_a_first_report(newcomer: Newcomer, cluster: Cluster) -> None:
    said: dict[str, str] = {}
    for command in commands_of(DOCUMENT):
        if command.startswith(NOT_HERE):
            continue
        said[command] = newcomer.types(command)
        if command.startswith("kubectl apply -k"):
            wait_for(lambda: cluster.get(f"/api/v1/namespaces/{newcomer.namespace}/serviceaccounts")["items"])
    assert "fetched" in said["kubectl -n gridctl logs job/fill-data"]
    examined = said["gridctl doctor experiment.yaml"]
    assert "failed" not in examined
    assert "ok       pods: AWS_ENDPOINT_URL_S3" in examined
    assert "2 runs: 2 done" in said["gridctl status --watch"]
    assert "gamma_net" in said["gridctl report --significance"]


def test_every_manifest_of_the_folder_is_one_that_the_api_server_takes(newcomer: Newcomer) -> None:
    newcomer.types("kubectl apply -k k8s/base")
    examples = sorted(path.name for path in (newcomer.folder / "k8s" / "base").glob("*.example.yaml"))
    assert len(examples) == 5
    for name in examples:
        newcomer.types(f"kubectl apply -f k8s/base/{name} --dry-run=server")
