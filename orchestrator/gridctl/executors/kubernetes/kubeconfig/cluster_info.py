"""What an exec plugin is told about the cluster, if it asks with `provideClusterInfo`."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from gridctl.executors.kubernetes.kubeconfig.entry import Entry

_EXTENSION: Final = "client.authentication.k8s.io/exec"


def cluster_info(cluster: Entry, server: str) -> dict[str, Any]:
    """`spec.cluster` of an ExecCredential.

    Raises:
        KubeconfigError: A field of the cluster is not valid.
    """
    info: dict[str, Any] = {"server": server}
    if name := cluster.text("tls-server-name"):
        info["tls-server-name"] = name
    if cluster.flag("insecure-skip-tls-verify"):
        info["insecure-skip-tls-verify"] = True
    if authority := cluster.content("certificate-authority"):
        info["certificate-authority-data"] = base64.b64encode(authority).decode()
    if proxy := cluster.text("proxy-url"):
        info["proxy-url"] = proxy
    if cluster.flag("disable-compression"):
        info["disable-compression"] = True
    extensions = cluster.fields.get("extensions") or ()
    if not isinstance(extensions, list | tuple):
        raise cluster.wrong("extensions must be a list")
    for item in extensions:
        if isinstance(item, dict) and item.get("name") == _EXTENSION:
            try:
                info["config"] = json.loads(json.dumps(item.get("extension"), default=str))
            except (TypeError, ValueError, RecursionError):
                raise cluster.wrong(f"extension {_EXTENSION} cannot be written as JSON") from None
    return info
