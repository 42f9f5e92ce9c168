"""If a Secret may not be read, the message says which right is missing, which keys pods need, and who can check."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from gridctl.executors.kubernetes.preflight import cluster
from gridctl.executors.kubernetes.store_access.secret_keys import Secret


def test_the_check_names_the_right_the_keys_and_the_commands() -> None:
    unread = Secret("wandb", None, frozenset())
    for check in (
        cluster.secret("lab", unread, "a command that makes it"),
        cluster.secret_keys("lab", unread, ["token", "host"]),
    ):
        assert check.state == "unknown"
        assert "kubectl -n lab auth can-i get secret/wandb" in check.fix
        assert "kubectl -n lab describe secret wandb" in check.fix
    assert "pods need host, token" in check.says


def test_the_example_manifests_get_another_namespace_by_the_documented_command(
    project_root: Path, tmp_path: Path
) -> None:
    (command,) = re.findall(r"`(sed [^`]*)`", (project_root / "docs" / "cluster.md").read_text())
    shutil.copytree(project_root / "k8s", tmp_path / "k8s")
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True)
    named = "".join(path.read_text() for path in (tmp_path / "k8s" / "base").glob("*.example.yaml"))
    assert "namespace: heart-lab" in named
    assert not re.search(r"namespace: gridctl\b", named)
