"""Pods that cannot reach the store are not started, or end at once with a message, and do not occupy GPUs."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from gridctl_trainer.storage.base import Store
from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster
from tests.cluster.kubeconfig import changed
from tests.waiting import wait_for

ONE_RUN = ["--set", "models={unet: {channels: [4, 8]}}", "--set", "seeds=[1]"]
NO_PODS = ["--set", "kubernetes.gpus=60"]
"""Asks for more GPUs than the quota allows, so that Jobs are created but no pod starts."""
ENDPOINT = "AWS_ENDPOINT_URL_S3"


@pytest.fixture
def secret(cluster: Cluster, namespace: str) -> str:
    """A Secret with nothing but keys, as many users make it."""
    keys = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    path = f"/api/v1/namespaces/{namespace}/secrets"
    cluster.create(path, {"metadata": {"name": "keys-alone"}, "stringData": keys})
    return f"{path}/keys-alone"


def test_a_secret_without_the_endpoint_is_refused_until_the_command_that_is_shown_was_run(
    gridctl: Gridctl, cluster: Cluster, namespace: str, store: Store, secret: str
) -> None:
    given = ["experiment.yaml", *ONE_RUN, *NO_PODS, "--set", "kubernetes.secret=keys-alone"]
    examined = gridctl("doctor", *given)
    assert examined.returncode == 2
    assert f"failed   pods: {ENDPOINT}: this shell uses {os.environ[ENDPOINT]}" in examined.stdout
    command = f"kubectl -n {namespace} patch secret keys-alone -p "
    (shown,) = re.findall(rf"^ +{re.escape(command)}'(.*)'$", examined.stdout, re.MULTILINE)
    dry = gridctl("submit", *given, "--dry-run")
    assert dry.returncode == 2
    assert command in dry.stderr
    refused = gridctl("submit", *given)
    assert refused.returncode == 2
    assert command in refused.stderr
    assert "nothing was created; --no-verify submits all the same" in refused.stderr
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    assert cluster.get(jobs)["items"] == []
    assert list(store.list()) == []
    for output in (examined, dry, refused):
        assert os.environ["AWS_SECRET_ACCESS_KEY"] not in output.stdout + output.stderr
    cluster.patch(secret, json.loads(shown))
    assert gridctl("submit", *given).returncode == 0
    assert len(cluster.get(jobs)["items"]) == 1


def test_who_may_not_look_at_the_secret_is_told_what_settles_it(
    gridctl: Gridctl, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    """Rights as in the Role of k8s/base, which does not allow reading Secrets."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/gridctl/token"
    gridctl.environment |= changed(tmp_path, user={"token": cluster.create(path, body)["status"]["token"]})
    given = ["experiment.yaml", *ONE_RUN, *NO_PODS]
    assert f"unknown  pods: {ENDPOINT}: " in gridctl("doctor", *given).stdout
    settled = ["--set", f'kubernetes.env={{{ENDPOINT}: "{os.environ[ENDPOINT]}"}}']
    assert f"ok       pods: {ENDPOINT}: " in gridctl("doctor", *given, *settled).stdout
    done = gridctl("submit", *given)
    assert done.returncode == 0, done.stderr
    assert f"note: pods: {ENDPOINT}: " in done.stderr


def pods(cluster: Cluster, namespace: str) -> list[dict[str, object]]:
    return list(cluster.get(f"/api/v1/namespaces/{namespace}/pods")["items"])


def failed_run(gridctl: Gridctl) -> dict[str, str]:
    def failed() -> dict[str, str] | None:
        (run,) = gridctl.json("status")["runs"]
        return run if run["state"] == "failed" else None

    return dict(wait_for(failed))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong-wrong-wrong", "the secret key does not belong to the access key"),
        ("AWS_PROFILE", "lab", "lab"),
    ],
)
def test_a_store_that_refuses_for_good_ends_the_run_at_once(
    variable: str, value: str, said: str, gridctl: Gridctl, cluster: Cluster, namespace: str
) -> None:
    path = f"/api/v1/namespaces/{namespace}/secrets/gridctl-store"
    cluster.patch(path, {"stringData": {variable: value}})
    assert gridctl("submit", "experiment.yaml", *ONE_RUN, "--no-verify").returncode == 0
    run = failed_run(gridctl)
    assert run["reason"].startswith("exit code 4 (store not usable, not retried): ")
    assert said in run["reason"]
    assert value not in run["reason"] or value == "lab"
    assert len(pods(cluster, namespace)) == 1


def test_a_pod_that_waits_for_its_store_says_so_in_status(gridctl: Gridctl, cluster: Cluster, namespace: str) -> None:
    """The Secret has a wrong address, which gridctl cannot read: only the log of the pod shows it, for half an hour."""
    path = f"/api/v1/namespaces/{namespace}/secrets/gridctl-store"
    cluster.patch(path, {"stringData": {"AWS_ENDPOINT_URL_S3": "http://localhost:9000"}})
    assert gridctl("submit", "experiment.yaml", *ONE_RUN).returncode == 0

    def waiting() -> dict[str, str] | None:
        (run,) = gridctl.json("status")["runs"]
        return run if run["state"] == "running" and run["reason"] else None

    said = wait_for(waiting)["reason"]
    assert said.startswith("nothing of it is in the store yet; its log ends: waiting for the store, for up to ")
    assert "http://localhost:9000" in said
    assert "http://localhost:9000" in " ".join(gridctl("status").stdout.split())
    gridctl("cancel")


def test_bad_data_is_named_by_status_and_by_the_pod(gridctl: Gridctl, cluster: Cluster, namespace: str) -> None:
    assert gridctl("submit", "experiment.yaml", *ONE_RUN, "--set", "data.train.path=/data/nowhere").returncode == 0
    run = failed_run(gridctl)
    assert run["reason"].startswith("exit code 3 (bad data, not retried): ")
    assert "/data/nowhere" in run["reason"]
    (pod,) = pods(cluster, namespace)
    (container,) = pod["status"]["containerStatuses"]  # type: ignore[index]
    assert "/data/nowhere" in container["state"]["terminated"]["message"]
    cluster.delete(f"/api/v1/namespaces/{namespace}/pods", gracePeriodSeconds="0")
    wait_for(lambda: not pods(cluster, namespace))
    gone = failed_run(gridctl)["reason"]
    assert gone.startswith("exit code 3 (bad data, not retried)")
    assert "/data/nowhere" in gone


def test_logs_say_nothing_of_where_credentials_were_found(gridctl: Gridctl) -> None:
    assert gridctl("submit", "experiment.yaml", *ONE_RUN, "--set", "training.epochs=1").returncode == 0
    wait_for(lambda: gridctl.totals()["done"] == 1)
    (run,) = gridctl.json("status")["runs"]
    shown = gridctl("logs", run["run_id"])
    assert "epoch 1/1" in shown.stdout
    assert "credentials" not in shown.stdout.lower()
