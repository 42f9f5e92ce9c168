"""Ways to authenticate to the API server: files in KUBECONFIG, tokens that are renewed, commands for signing in."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.commands import Gridctl, one_message
from tests.cluster.conftest import Cluster
from tests.cluster.kubeconfig import changed, current, faulty_door
from tests.faulty_proxy import Answer, Fault, Request
from tests.waiting import wait_for

NO_PODS = ["--set", "kubernetes.gpus=60"]


def account(cluster: Cluster, namespace: str, name: str) -> str:
    """A token of a new ServiceAccount that may do what k8s/base grants."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    cluster.create(path, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
    body = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "gridctl"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }
    cluster.create(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings", body)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    token: str = cluster.create(f"{path}/{name}/token", request)["status"]["token"]
    return token


def test_files_are_merged(gridctl: Gridctl, cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    """The first file that names something wins, and paths are relative to their own file."""
    whole, second = current(tmp_path), tmp_path / "second"
    second.mkdir()
    context, user = whole["contexts"][0], {"name": "me", "user": {"tokenFile": "me.token"}}
    (second / "me.token").write_text(account(cluster, namespace, "me") + "\n")
    first_content = {"contexts": [{"name": "mine", "context": context["context"] | {"user": "me"}}]}
    (tmp_path / "first").write_text(yaml.safe_dump(first_content))
    (tmp_path / "empty").touch()
    other = {"name": "mine", "context": {"cluster": "none"}}
    (second / "config").write_text(
        yaml.safe_dump({**whole, "contexts": [other, context], "users": [user], "current-context": "mine"})
    )
    (tmp_path / "third").write_text(yaml.safe_dump({"users": [{"name": "me", "user": {"as": "alice"}}]}))
    gridctl.environment["KUBECONFIG"] = os.pathsep.join(["first", "missing", "", "empty", "second/config", "third"])
    assert f"knows you as system:serviceaccount:{namespace}:me" in gridctl("doctor", "experiment.yaml").stdout


def test_a_certificate_that_is_not_checked_is_said_once(gridctl: Gridctl, tmp_path: Path) -> None:
    skip = {"certificate-authority": None, "insecure-skip-tls-verify": True}
    gridctl.environment |= changed(tmp_path, **skip)
    done = gridctl("doctor", "experiment.yaml")
    assert done.returncode == 0, done.stdout
    assert done.stderr.splitlines() == [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert done.stderr.count("is not checked") == 1
    assert "insecure-skip-tls-verify" in done.stderr


def test_a_token_file_is_renewed_while_a_command_watches(
    gridctl: Gridctl, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    """When the old token expires, all later requests carry the new one, and no message is printed."""
    old, new = account(cluster, namespace, "old"), account(cluster, namespace, "new")
    assert gridctl("submit", "experiment.yaml", *NO_PODS).returncode == 0
    file, seen = tmp_path / "token", set[str]()
    file.write_text(f"{old}\n")

    def cut(request: Request) -> Fault | None:
        seen.add(request.headers.get("authorization", ""))
        return Answer(200) if "watch=" in request.path else None  # a watch that ends at once is requested again

    with faulty_door(tmp_path) as (door, through):
        door.rule = cut
        path = Path(through["KUBECONFIG"])
        content = yaml.safe_load(path.read_text())
        content["users"][0]["user"] = {"tokenFile": "token"}
        path.write_text(yaml.safe_dump(content))
        watching = subprocess.Popen(
            gridctl.command("status", "--watch"),
            cwd=tmp_path,
            env={**os.environ, **through},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            wait_for(lambda: any("watch=" in request.path for request in door.requests))
            file.write_text("")  # as if it were just being written: the last token remains valid
            before = len(door.requests)
            wait_for(lambda: len(door.requests) > before + 2)
            assert seen == {f"Bearer {old}"}
            cluster.delete(f"/api/v1/namespaces/{namespace}/serviceaccounts/old")
            file.write_text(f"{new}\r\n")
            wait_for(lambda: f"Bearer {new}" in seen)
            seen.clear()
            before = len(door.requests)
            wait_for(lambda: len(door.requests) > before + 4)
            assert seen == {f"Bearer {new}"}
            assert watching.poll() is None
        finally:
            watching.terminate()
            said, _ = watching.communicate()
    assert "Traceback" not in said
    assert "a bug" not in said
    assert new not in said


PLUGIN = """\
#!/bin/sh
echo "$KUBERNETES_EXEC_INFO" >> calls
test -n "$REASON" && {{ echo "$REASON" >&2; exit 1; }}
test "$(wc -l < calls)" = 1 && token=stale || token=$TOKEN
cat <<END
{{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
  "status": {{"token": "$token", "expirationTimestamp": "$EXPIRY"}}}}
END
"""


def test_a_command_for_signing_in(gridctl: Gridctl, cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    """The command runs once for all threads, again if the server refuses its token, and whenever the token expires."""
    token, plugin = account(cluster, namespace, "plugged"), tmp_path / "plugin"
    plugin.write_text(PLUGIN.format())
    plugin.chmod(0o755)
    calls = tmp_path / "calls"

    def use(**variables: str) -> None:
        calls.unlink(missing_ok=True)
        execute: dict[str, Any] = {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "./plugin",
            "env": [{"name": name, "value": value} for name, value in variables.items()],
            "interactiveMode": "IfAvailable",
            "provideClusterInfo": True,
            "installHint": "\x1b[31mget it from example.org",
        }
        gridctl.environment |= changed(tmp_path, user={"exec": execute})

    use(TOKEN=token, EXPIRY="2999-01-01T00:00:00Z")
    says = f"knows you as system:serviceaccount:{namespace}:plugged"
    assert says in gridctl("doctor", "experiment.yaml").stdout
    told = [json.loads(line) for line in calls.read_text().splitlines()]
    assert len(told) == 2, "once, and again after 401"
    server = current(tmp_path)["clusters"][0]["cluster"]["server"]
    assert told[0]["spec"]["interactive"] is False
    assert told[0]["spec"]["cluster"]["server"] == server
    assert told[0]["spec"]["cluster"]["certificate-authority-data"]

    use(TOKEN=token, EXPIRY="2001-01-01T00:00:00.123456789+01:00")
    assert says in gridctl("doctor", "experiment.yaml").stdout
    assert len(calls.read_text().splitlines()) > 10

    use(TOKEN=token, EXPIRY="", REASON=f"cannot renew access_token={token}: sign in first")
    done = gridctl("submit", "experiment.yaml")
    one_message(done, "`./plugin` gave no credentials: exit code 1: cannot renew", "sign in first", "  get it from ex")
    assert token not in done.stderr
    assert "\x1b" not in done.stderr

    use(TOKEN="café\u00a0", EXPIRY="")
    calls.write_text("\n")
    done = gridctl("submit", "experiment.yaml")
    one_message(done, "status.token", "outside ASCII")
    assert "café" not in done.stderr
