"""Access from inside a pod, by its service account."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from gridctl.executors.kubernetes.kubeconfig.entry import Entry

_FOLDER: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def is_in_cluster() -> bool:
    """Whether this process runs in a pod, by the environment variables that Kubernetes sets."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST") and os.environ.get("KUBERNETES_SERVICE_PORT"))


def in_cluster() -> tuple[Entry, Entry, str]:
    """Cluster and user as a kubeconfig would name them, and the pod's namespace.

    Raises:
        KubeconfigError: The pod has no usable service account.
    """
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    account = _FOLDER / "token"
    cluster = Entry("cluster", "of this pod", account, {"server": server, "certificate-authority": "ca.crt"})
    user = Entry("service account", "of this pod", account, {"tokenFile": "token"})
    namespace = user.read("namespace", _FOLDER / "namespace").decode(errors="replace").strip()
    return cluster, user, namespace
