"""Pods find data in a bucket, from which it is fetched once per node, or on a volume."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gridctl_trainer.storage.base import Store, open_store
from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster
from tests.e2e.data.dicom_forms import J2K, LOSSLESS, LS
from tests.waiting import wait_for

SMALL = ["--set", "models={unet: {channels: [4, 8]}}"]


def phantom_in(folder: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "gridctl_trainer",
        "data",
        "phantom",
        str(folder),
        "--patients",
        "4",
        "--slices",
        "2",
    ]
    subprocess.run(command, check=True)


@pytest.fixture
def bucket_data(store: Store, tmp_path: Path) -> str:
    """The synthetic set, uploaded as by a user below the test's own prefix.

    Its DICOM files are compressed, as archives deliver them, so pods need the decoders in the image.
    """
    phantom_in(tmp_path / "phantom")
    for number, path in enumerate(sorted(tmp_path.glob("phantom/sunnybrook/**/*.dcm"))):
        (J2K, LS, LOSSLESS)[number % 3](path)
    url = f"{store.url}-data"
    subprocess.run(
        [sys.executable, "-m", "gridctl_trainer", "data", "upload", str(tmp_path / "phantom"), url], check=True
    )
    return url


@pytest.fixture
def claim(cluster: Cluster, namespace: str) -> Iterator[Callable[[str], Path]]:
    """Makes claims by name, each bound to a folder on the node, which is this machine."""
    made: list[str] = []
    base = Path(f"/var/tmp/gridctl-test-{uuid.uuid4().hex}")

    def make(name: str) -> Path:
        folder = base / name
        folder.mkdir(parents=True)
        folder.chmod(0o777)
        volume = f"{namespace}-{name}"
        common = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
        owner = {"namespace": namespace, "name": name}
        spec = {"capacity": {"storage": "1Gi"}, "hostPath": {"path": str(folder)}, "claimRef": owner, **common}
        body = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume}, "spec": spec}
        cluster.create("/api/v1/persistentvolumes", body)
        made.append(volume)
        wanted = {"resources": {"requests": {"storage": "1Gi"}}, "volumeName": volume, **common}
        body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": wanted}
        cluster.create(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", body)
        return folder

    yield make
    for volume in made:
        cluster.delete(f"/api/v1/persistentvolumes/{volume}")
    subprocess.run(["rm", "-rf", str(base)], check=False)


def test_pods_read_data_from_a_claim_and_share_packs_in_another(gridctl: Gridctl, claim: Callable[[str], Path]) -> None:
    """Training works in a namespace that enforces `restricted`."""
    phantom_in(claim("data") / "phantom")
    packs = claim("cache")
    options = ["data.train.path=/sets/phantom/acdc", "data.external.sunnybrook.path=/sets/phantom/sunnybrook"]
    options += ["kubernetes.volumes={/sets: {claim: data}}", "kubernetes.data_cache={claim: cache}"]
    assigned = [word for option in options for word in ("--set", option)]
    submitted = gridctl("submit", "experiment.yaml", *SMALL, *assigned)
    assert submitted.returncode == 0, submitted.stderr
    wait_for(lambda: gridctl.totals()["done"] == 2, 200)
    checks = json.loads(gridctl("doctor", "experiment.yaml", *assigned, "--json").stdout)
    claims = {check["name"]: check["state"] for check in checks if check["name"].startswith("claim")}
    assert claims == {"claim data": "ok", "claim cache": "ok"}
    if not any(packs.iterdir()):
        pytest.skip("the node's disk is not this machine's")
    said = "".join(gridctl("logs", run["run_id"]).stdout for run in gridctl.json("status")["runs"])
    assert said.count("INFO packed") == 2, f"each of two data sets once: {said}"
    assert said.count("opened the pack") == 2


def test_pods_of_one_node_fetch_and_pack_once(
    cluster: Cluster, namespace: str, gridctl: Gridctl, bucket_data: str, tmp_path: Path
) -> None:
    cluster.patch(
        f"/api/v1/namespaces/{namespace}",
        {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}},
    )
    node = Path(f"/var/tmp/gridctl-test-{uuid.uuid4().hex}")
    try:
        node.mkdir(mode=0o777)
        node.chmod(0o777)
    except OSError:
        pytest.skip("the node's disk is not this machine's")
    options = [
        "--set",
        f"data.train.path={bucket_data}/acdc",
        "--set",
        f"data.external.sunnybrook.path={bucket_data}/sunnybrook",
    ]
    options += ["--set", f"kubernetes.data_cache={{host_path: {node}}}", *SMALL]
    try:
        assert gridctl("submit", "experiment.yaml", *options).returncode == 0
        wait_for(lambda: gridctl.totals()["done"] == 2, 200)
        if not any(node.iterdir()):
            pytest.skip("the node's disk is not this machine's")
        said = "".join(gridctl("logs", run["run_id"]).stdout for run in gridctl.json("status")["runs"])
        assert said.count("fetching") == 2, f"each of two data sets once: {said}"
        assert said.count("INFO packed") == 2
        assert said.count("opened the pack") == 2
    finally:
        subprocess.run(["rm", "-rf", str(node)], check=False)
        data = open_store(bucket_data)
        for stat in list(data.list()):
            data.delete(stat.key)


def test_data_that_are_nowhere_in_the_bucket_start_nothing(gridctl: Gridctl, store: Store) -> None:
    nowhere = f"{store.url}/nowhere"
    for dry_run in ([], ["--dry-run"]):
        done = gridctl("submit", "experiment.yaml", *SMALL, "--set", f"data.train.path={nowhere}", *dry_run)
        assert done.returncode == 2, done.stderr
        assert f"there is nothing at {nowhere}" in done.stderr
        assert f"gridctl-trainer data upload FOLDER {nowhere}" in done.stderr
    assert list(store.list()) == []
