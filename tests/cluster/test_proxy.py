"""The API server is reached through `proxy-url` of the kubeconfig, or else HTTPS_PROXY, and never directly."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cluster.commands import Gridctl, one_message
from tests.cluster.kubeconfig import changed, current
from tests.tunnel import Tunnel

NAME = "api.behind-a-proxy.test"
"""A host name that only the proxy can resolve."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Tunnel, dict[str, str]]]:
    """A proxy, and the fields of a cluster that can be reached only through it."""
    there = urlsplit(current(tmp_path)["clusters"][0]["cluster"]["server"])
    address = (socket.gethostbyname(there.hostname or ""), there.port or 443)
    with Tunnel({NAME: address}).running() as tunnel:
        yield tunnel, {"server": f"https://{NAME}:6443", "tls-server-name": there.hostname or ""}


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_proxy_url(scheme: str, server: tuple[Tunnel, dict[str, str]], gridctl: Gridctl, tmp_path: Path) -> None:
    tunnel, cluster = server
    url = f"{scheme}://me:p%40ss@{tunnel.address}"
    gridctl.environment |= changed(tmp_path, **cluster, **{"proxy-url": url}) | {"NO_PROXY": "*"}
    done = gridctl("doctor", "experiment.yaml")
    assert f"ok       cluster: https://{NAME}:6443 runs Kubernetes" in done.stdout, done.stdout
    assert set(tunnel.asked) == {f"{NAME}:6443"}
    assert set(tunnel.authorizations) == {"me:p@ss"}


def test_the_environment(server: tuple[Tunnel, dict[str, str]], gridctl: Gridctl, tmp_path: Path) -> None:
    tunnel, cluster = server
    gridctl.environment |= changed(tmp_path, **cluster) | {"HTTPS_PROXY": f"http://{tunnel.address}"}
    gridctl.environment |= {"NO_PROXY": "other.test:6443,10.0.0.0/8,behind-a-proxy.test:443"}
    assert f"ok       cluster: https://{NAME}:6443 runs" in gridctl("doctor", "experiment.yaml").stdout
    asked = len(tunnel.asked)
    assert asked
    gridctl.environment |= {"NO_PROXY": "other.test, .behind-a-proxy.test"}
    one_message(gridctl("submit", "experiment.yaml"), f"https://{NAME}:6443: cannot reach the API server: ")
    assert len(tunnel.asked) == asked


def test_a_proxy_that_refuses(server: tuple[Tunnel, dict[str, str]], gridctl: Gridctl, tmp_path: Path) -> None:
    tunnel, cluster = server
    tunnel.routes = {}
    gridctl.environment |= changed(tmp_path, **cluster, **{"proxy-url": f"http://me:secret@{tunnel.address}"})
    done = gridctl("submit", "experiment.yaml")
    one_message(done, f"through the proxy http://{tunnel.address} (proxy-url)", "502", "look whether the proxy runs")
    assert "secret" not in done.stderr
