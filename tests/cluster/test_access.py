"""Any problem with access to the cluster or the store ends with exit code 3 and one message that says what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gridctl_trainer.storage.base import Store
from tests.cluster.commands import Gridctl, one_message
from tests.cluster.conftest import Cluster
from tests.cluster.kubeconfig import changed
from tests.faulty_proxy import Answer, FaultyProxy

NO_PODS = ["--set", "kubernetes.gpus=60"]
"""Asks for more GPUs than the quota allows, so that Jobs are created but no pod starts."""


@pytest.fixture
def rightless(cluster: Cluster, gridctl: Gridctl, namespace: str) -> str:
    """The token of a ServiceAccount that may do nothing."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    cluster.create(path, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody"}})
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    token: str = cluster.create(f"{path}/nobody/token", body)["status"]["token"]
    return token


def test_without_rights(gridctl: Gridctl, rightless: str, tmp_path: Path) -> None:
    assert gridctl("submit", "experiment.yaml", *NO_PODS).returncode == 0
    run_id = gridctl.json("status")["runs"][0]["run_id"]
    gridctl.environment |= changed(tmp_path, user={"token": rightless})
    for command in (
        ("submit", "experiment.yaml"),
        ("status",),
        ("cancel",),
        ("logs", run_id),
        ("delete", "demo", "-y"),
    ):
        one_message(gridctl(*command), "you may not do this", "k8s/base/role.yaml")
    examined = gridctl("doctor", "experiment.yaml")
    assert examined.returncode == 3
    assert "you may not get jobs (submit), list jobs (submit, status)" in examined.stdout
    assert "k8s/base/role.yaml" in examined.stdout


def test_an_unreachable_api_server(gridctl: Gridctl, tmp_path: Path) -> None:
    gridctl.environment |= changed(tmp_path, server="https://127.0.0.1:9")
    one_message(gridctl("submit", "experiment.yaml"), "cannot reach the API server", "kubectl cluster-info")


def test_an_expired_token(gridctl: Gridctl, tmp_path: Path) -> None:
    gridctl.environment |= changed(tmp_path, user={"token": "expired"})
    one_message(gridctl("submit", "experiment.yaml"), "token has expired or is wrong", "sign in")


def test_nobody(gridctl: Gridctl, tmp_path: Path) -> None:
    gridctl.environment |= changed(tmp_path, user={})
    one_message(gridctl("submit", "experiment.yaml"), "the API server does not know who you are", "sign in")


LOGINS = {
    "missing": (["no-such-login"], "there is no such command"),
    "not signed in": (["sh", "-c", "echo please sign in >&2; exit 1"], "please sign in"),
    "no credential": (["echo", "{}"], "no ExecCredential"),
}


@pytest.mark.parametrize(("command", "said"), LOGINS.values(), ids=LOGINS.keys())
def test_a_login_command_that_fails(command: list[str], said: str, gridctl: Gridctl, tmp_path: Path) -> None:
    """An exec plugin, as in the kubeconfigs of cloud providers."""
    execute: dict[str, Any] = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": command[0],
        "args": command[1:],
        "interactiveMode": "Never",
    }
    gridctl.environment |= changed(tmp_path, user={"exec": execute})
    done = gridctl("submit", "experiment.yaml")
    one_message(done, f"its command `{command[0]}` gave no credentials: ", said)
    assert "ERROR:" not in done.stderr


def test_an_untrusted_certificate(gridctl: Gridctl, tmp_path: Path) -> None:
    import certifi

    gridctl.environment |= changed(tmp_path, **{"certificate-authority": certifi.where()})
    one_message(gridctl("submit", "experiment.yaml"), "is not trusted", "certificate-authority")


@pytest.mark.parametrize("status", [200, 302, 404])
def test_what_is_no_api_server(status: int, gridctl: Gridctl, tmp_path: Path) -> None:
    """For example the login page of a proxy."""
    with FaultyProxy("http://127.0.0.1:9").running() as page:
        page.rule = lambda _: Answer(status, {"Content-Type": "text/html"}, b"<html>welcome")
        gridctl.environment |= changed(tmp_path, server=page.url)
        one_message(gridctl("submit", "experiment.yaml"), "no Kubernetes API server", "<html>welcome", "`server`")


def test_no_kubeconfig_and_no_context(gridctl: Gridctl, tmp_path: Path) -> None:
    one_message(gridctl("submit", "experiment.yaml", "--set", "kubernetes.context=none"), "no context 'none'")
    gridctl.environment |= {"KUBECONFIG": str(tmp_path / "none")}
    one_message(gridctl("submit", "experiment.yaml"), "there is no kubeconfig", "kind or k3d")


def test_a_missing_namespace(gridctl: Gridctl) -> None:
    done = gridctl("submit", "experiment.yaml", "--set", "kubernetes.namespace=no-such-namespace")
    one_message(done, 'namespaces "no-such-namespace" not found', "kubectl apply -k k8s/base")


def test_a_missing_bucket(gridctl: Gridctl) -> None:
    done = gridctl("submit", "experiment.yaml", "--store", "s3://no-such-bucket/runs")
    one_message(done, "no-such-bucket", "there is no such bucket", "correct `store:`")


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_wrong_key(variable: str, gridctl: Gridctl, store: Store) -> None:
    gridctl.environment |= {variable: "wrong"}
    one_message(gridctl("submit", "experiment.yaml"), store.url, os.environ["AWS_ENDPOINT_URL_S3"], "AWS_ACCESS_KEY_ID")


def test_no_s3_server(gridctl: Gridctl) -> None:
    gridctl.environment |= {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "2"}
    one_message(gridctl("submit", "experiment.yaml"), "cannot reach http://127.0.0.1:9", "AWS_ENDPOINT_URL_S3")
