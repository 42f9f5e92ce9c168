"""Data in a bucket: a node fetches it once, whatever number of pods train on it."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster, wait_for
from trainer.contract.store import Store, open_store


@pytest.fixture
def bucket_data(store: Store, tmp_path: Path) -> str:
    """The synthetic set, uploaded as a user would; below the test's own prefix."""
    command = [sys.executable, "-m", "trainer", "data"]
    out = str(tmp_path / "phantom")
    subprocess.run([*command, "phantom", out, "--patients", "4", "--slices", "2"], check=True)
    url = f"{store.url}-data"
    subprocess.run([*command, "upload", out, url], check=True)
    return url


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
    options = ["--set", f"data.acdc={bucket_data}/acdc", "--set", f"data.sunnybrook={bucket_data}/sunnybrook"]
    options += ["--set", f"kubernetes.data_cache={{host_path: {node}}}", "--set", "models={unet: {channels: [4, 8]}}"]
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
