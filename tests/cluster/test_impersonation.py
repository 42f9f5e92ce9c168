"""With `as:` in the kubeconfig, every request acts as that user, or none is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cluster.commands import Gridctl, one_message
from tests.cluster.conftest import Cluster
from tests.cluster.kubeconfig import changed, current

NO_PODS = ["--set", "kubernetes.gpus=60"]
"""Asks for more GPUs than the quota allows, so that Jobs are created but no pod starts."""


def acting(folder: Path, **fields: Any) -> dict[str, str]:
    """A kubeconfig of the current user, acting as somebody else."""
    return changed(folder, user={**current(folder)["users"][0]["user"], **fields})


def test_acts_as_the_user_that_is_named(gridctl: Gridctl, cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    gridctl.environment |= acting(tmp_path, **{"as": "alice"})
    one_message(gridctl("submit", "experiment.yaml", *NO_PODS), "you may not do this", 'User "alice" cannot')
    body = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "readers"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "gridctl"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "readers, of hearts"}],
    }
    cluster.create(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings", body)
    extra = {"as-uid": "7", "as-user-extra": {"example.org/Why": ["a", "ü"]}}
    groups = ["first", "readers, of hearts"]
    gridctl.environment |= acting(tmp_path, **{"as": "älice", "as-groups": groups, **extra})
    done = gridctl("submit", "experiment.yaml", *NO_PODS)
    assert done.returncode == 0, done.stderr
    assert "knows you as älice" in gridctl("doctor", "experiment.yaml").stdout


def test_may_not_act_as_somebody(gridctl: Gridctl, cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    token = cluster.create(f"{path}/default/token", body)["status"]["token"]
    gridctl.environment |= changed(tmp_path, user={"token": token, "as": "alice"})
    one_message(gridctl("submit", "experiment.yaml"), "cannot impersonate", "remove `as`")
