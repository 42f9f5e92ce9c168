"""Without a kubeconfig, a pod's own service account is used, as its files and environment name it."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster
from tests.cluster.kubeconfig import current

UNSHARE = ["unshare", "--mount", "--map-root-user", "sh", "-ec"]
"""Runs a shell in a private mount namespace, in which files can lie where a pod has them."""


def test_the_service_account_of_a_pod(gridctl: Gridctl, cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    if subprocess.run([*UNSHARE, "mount -t tmpfs none /var/run"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount in a namespace of his own (unshare --mount --map-root-user)")
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/default/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    there = current(tmp_path)["clusters"][0]["cluster"]
    if "certificate-authority" not in there:
        pytest.skip("the cluster's certificate is not checked against an authority of its own")
    (tmp_path / "token").write_text(cluster.create(path, body)["status"]["token"] + "\n")
    (tmp_path / "ca.crt").write_bytes(Path(there["certificate-authority"]).read_bytes())
    (tmp_path / "namespace").write_text(namespace)
    server = urlsplit(there["server"])
    pod = {"KUBERNETES_SERVICE_HOST": server.hostname or "", "KUBERNETES_SERVICE_PORT": str(server.port or 443)}
    account = "/var/run/secrets/kubernetes.io/serviceaccount"
    command = f"mount -t tmpfs none /var/run; mkdir -p {account}; cp token ca.crt namespace {account}; exec "
    done = subprocess.run(
        [*UNSHARE, command + shlex.join(gridctl.command("doctor", "experiment.yaml"))],
        cwd=tmp_path,
        env={**os.environ, **pod, "KUBECONFIG": "missing"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert f"knows you as system:serviceaccount:{namespace}:default" in done.stdout, done.stderr
