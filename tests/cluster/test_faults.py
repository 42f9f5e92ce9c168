"""A submission that is killed, doubled, or sees a failing API server: nothing lost, nothing doubled, one message."""

from __future__ import annotations

import base64
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.experiment import load_experiment
from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster
from tests.faulty_proxy import Answer, Fault, FaultyProxy, Request, Reset
from trainer.contract.store import Store

RUNS = 24
MANY = ["--set", f"seeds={list(range(RUNS // 2))}", "--set", "kubernetes.gpus=60"]
"""More GPUs than the quota allows, so that Jobs are made and no pod starts."""


def jobs(cluster: Cluster, folder: Path) -> dict[str, str]:
    """Uid of each Job by name."""
    namespace = load_experiment(folder / "experiment.yaml").kubernetes.namespace
    items = cluster.get(f"/apis/batch/v1/namespaces/{namespace}/jobs")["items"]
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in items}


@pytest.mark.parametrize("k", [1, 8, 20])
def test_a_submission_killed_after_k_of_n_creations_is_completed_by_the_next(
    k: int, cluster: Cluster, gridctl: Gridctl, tmp_path: Path
) -> None:
    """The API server answers one creation at a time through a slow door, so that the kill finds it midway."""
    with proxied(gridctl, tmp_path) as proxy:
        created = 0

        def slow(request: Request) -> Fault | None:
            nonlocal created
            if request.method == "POST" and request.path.split("?")[0].endswith("/jobs"):
                created += 1
                time.sleep(0.1)
            return None

        proxy.rule = slow
        with subprocess.Popen(
            gridctl.command("submit", "experiment.yaml", *MANY),
            cwd=tmp_path,
            env={**os.environ, **gridctl.environment},
            stderr=subprocess.DEVNULL,
        ) as process:
            while created <= k and process.poll() is None:
                time.sleep(0.005)
            process.kill()
    before = jobs(cluster, tmp_path)
    assert 0 < len(before) < RUNS, "killed midway"
    gridctl.environment.clear()
    again = gridctl("submit", "experiment.yaml", *MANY)
    assert again.returncode == 0, again.stderr
    after = jobs(cluster, tmp_path)
    assert len(after) == RUNS
    assert before.items() <= after.items(), "none was made anew"


def test_two_submissions_at_once_make_every_job_once(cluster: Cluster, gridctl: Gridctl, tmp_path: Path) -> None:
    command = gridctl.command("submit", "experiment.yaml", *MANY)
    both = [subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert len(jobs(cluster, tmp_path)) == RUNS


def proxied(gridctl: Gridctl, folder: Path) -> Any:
    """A faulty door in front of the API server, and a kubeconfig that goes through it."""
    import contextlib

    @contextlib.contextmanager
    def opened() -> Iterator[FaultyProxy]:
        content = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
        described = content["clusters"][0]["cluster"]
        authority = described.pop("certificate-authority", None)
        if authority is None:
            authority = folder / "ca.crt"
            authority.write_bytes(base64.b64decode(described.pop("certificate-authority-data")))
        with FaultyProxy(described["server"], str(authority)).running() as proxy:
            described["server"] = proxy.url
            path = folder / "proxied.kubeconfig"
            path.write_text(yaml.safe_dump(content))
            gridctl.environment["KUBECONFIG"] = str(path)
            yield proxy

    return opened()


FAULTS = {
    "429": Answer(429, {"Retry-After": "1"}, b"slow down"),
    "500": Answer(500, {}, b"internal error"),
    "503": Answer(503, {}, b"etcdserver: leader changed"),
    "reset before": Reset(),
    "reset after": Reset(forwarded=True),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_failing_api_server_loses_and_doubles_nothing(
    fault: Fault, cluster: Cluster, gridctl: Gridctl, tmp_path: Path
) -> None:
    """Every third request fails that way. One that meets it at each of its tries ends the command; the next goes on."""
    with proxied(gridctl, tmp_path) as proxy:
        proxy.rule = lambda request: fault if request.number % 3 == 0 else None
        for _ in range(3):
            submitted = gridctl("submit", "experiment.yaml", *MANY)
            if submitted.returncode == 0:
                break
            one_message(submitted)
        assert submitted.returncode == 0, submitted.stderr
        assert len(proxy.hurt) >= RUNS // 3
        first = jobs(cluster, tmp_path)
        assert len(first) == RUNS
    gridctl.environment.clear()
    assert gridctl("submit", "experiment.yaml", *MANY).returncode == 0
    assert jobs(cluster, tmp_path) == first
    assert gridctl.totals()["active"] == RUNS


@pytest.fixture
def rightless(cluster: Cluster, gridctl: Gridctl, namespace: str, tmp_path: Path) -> str:
    """The token of a ServiceAccount that may do nothing."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    cluster.create(path, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody"}})
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    token: str = cluster.create(f"{path}/nobody/token", body)["status"]["token"]
    return token


def kubeconfig(folder: Path, **changes: str) -> dict[str, str]:
    content = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
    if "server" in changes:
        content["clusters"][0]["cluster"]["server"] = changes["server"]
    if "token" in changes:
        content["users"][0]["user"] = {"token": changes["token"]}
    path = folder / "changed.kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return {"KUBECONFIG": str(path)}


def one_message(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """Exit code 3, and one error that says what is wrong and what to do."""
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("error: ") == 1, done.stderr
    for words in said:
        assert words in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.rstrip().splitlines()[-1].startswith("  "), "what to do next"


@pytest.mark.parametrize("command", ["submit", "status", "doctor"])
def test_without_rights(command: str, gridctl: Gridctl, rightless: str, tmp_path: Path) -> None:
    if command == "status":
        assert gridctl("submit", "experiment.yaml", *MANY).returncode == 0
    gridctl.environment |= kubeconfig(tmp_path, token=rightless)
    done = gridctl(command, "experiment.yaml")
    if command == "doctor":
        assert done.returncode != 0
        assert "k8s/base/role.yaml" in done.stdout + done.stderr
    else:
        one_message(done, "you may not do this", "k8s/base/role.yaml")


def test_an_unreachable_api_server(gridctl: Gridctl, tmp_path: Path) -> None:
    gridctl.environment |= kubeconfig(tmp_path, server="https://127.0.0.1:9")
    one_message(gridctl("submit", "experiment.yaml"), "cannot reach the API server", "kubectl cluster-info")


def test_an_expired_token(gridctl: Gridctl, tmp_path: Path) -> None:
    gridctl.environment |= kubeconfig(tmp_path, token="expired")
    one_message(gridctl("submit", "experiment.yaml"), "token has expired or is wrong", "sign in")


def test_a_missing_bucket(gridctl: Gridctl) -> None:
    one_message(gridctl("submit", "experiment.yaml", "--store", "s3://no-such-bucket/runs"), "no-such-bucket")


def test_a_wrong_key(gridctl: Gridctl, store: Store) -> None:
    gridctl.environment |= {"AWS_SECRET_ACCESS_KEY": "wrong"}
    one_message(gridctl("submit", "experiment.yaml"), store.url.split("/")[2])
