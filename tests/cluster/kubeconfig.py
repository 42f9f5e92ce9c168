"""Reduces the kubeconfig to its current context, and changes it as a test needs."""

from __future__ import annotations

import base64
import contextlib
import os
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.faulty_proxy import FaultyProxy

Content = dict[str, Any]


def current(folder: Path) -> Content:
    """Reduce the kubeconfig to one cluster, user and context, with embedded data written to files in `folder`."""
    source = Path(os.environ["KUBECONFIG"].split(os.pathsep)[0])
    content: Content = yaml.safe_load(source.read_text())
    context = _named(content["contexts"], content["current-context"])
    cluster = _named(content["clusters"], context["context"]["cluster"])
    user = _named(content["users"], context["context"]["user"])
    for section, fields in (("cluster", ("certificate-authority",)), ("user", ("client-certificate", "client-key"))):
        described = (cluster if section == "cluster" else user)[section]
        for field in fields:
            if data := described.pop(f"{field}-data", None):
                described[field] = str(folder / field)
                (folder / field).write_bytes(base64.b64decode(data))
            elif field in described:
                described[field] = str(source.parent / described[field])
    return {**content, "contexts": [context], "clusters": [cluster], "users": [user]}


def changed(folder: Path, *, user: Mapping[str, Any] | None = None, **cluster: Any) -> dict[str, str]:
    """Environment with a kubeconfig in which the user or fields of the cluster are replaced."""
    content = current(folder)
    content["clusters"][0]["cluster"] |= cluster
    if user is not None:
        content["users"][0]["user"] = dict(user)
    path = folder / "changed.kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return {"KUBECONFIG": str(path)}


@contextlib.contextmanager
def faulty_door(folder: Path) -> Iterator[tuple[FaultyProxy, dict[str, str]]]:
    """A proxy in front of the API server.

    Yields:
        The proxy, and the environment with a kubeconfig that leads through it.
    """
    content = current(folder)
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    tls = ssl.create_default_context(cafile=cluster.pop("certificate-authority", None))
    if "client-certificate" in user:
        tls.load_cert_chain(user.pop("client-certificate"), user.pop("client-key"))
    with FaultyProxy(cluster["server"], tls).running() as door:
        cluster["server"] = door.url
        path = folder / "through-the-door.kubeconfig"
        path.write_text(yaml.safe_dump(content))
        yield door, {"KUBECONFIG": str(path)}


def _named(items: list[Content], name: str) -> Content:
    return next(item for item in items if item["name"] == name)
