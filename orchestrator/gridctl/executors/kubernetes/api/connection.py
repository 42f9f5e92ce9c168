"""Connections to the API server that the kubeconfig names, in a namespace."""

from __future__ import annotations

import functools
import re
import warnings
from typing import Any

import urllib3
from urllib3.contrib.socks import SOCKSProxyManager

from gridctl.executors.kubernetes.kubeconfig import Access, find_access
from gridctl.terminal.console import say


class Connection:
    """An API server and how to connect to it. Thread-safe.

    Args:
        access: The kubeconfig's settings.
        namespace: Where the experiment's Jobs are.
        connections: How many are kept open at most.

    Attributes:
        server: Its URL.
        namespace: Where the experiment's Jobs are.
        via: A proxy, for error messages; empty for none.
        pool: Connections, kept open.
    """

    def __init__(self, access: Access, namespace: str, connections: int) -> None:
        self.server = access.server
        self.namespace = namespace
        self.via = f" through the proxy {access.proxy}" if access.proxy else ""
        self.pool = _pool(access, connections)
        self._access = access
        self._certificates = 0

    def headers(self) -> urllib3.HTTPHeaderDict:
        """Headers of the next request, with a token that is renewed when it expires.

        Raises:
            KubeconfigError: It cannot be renewed.
        """
        made = urllib3.HTTPHeaderDict({"User-Agent": "gridctl", "Accept": "application/json"})
        for name, value in self._access.headers():
            made.add(name, value)
        if self._access.compressed:
            made["Accept-Encoding"] = "gzip"
        if (certificates := self._access.credentials.certificates) != self._certificates:
            self._certificates = certificates
            self.pool.clear()  # the old connections are those of the old certificate
        return made

    def renew(self, refused: urllib3.HTTPHeaderDict) -> bool:
        """Renew credentials that the API server rejected; returns whether there are different ones now.

        Raises:
            KubeconfigError: They cannot be renewed.
        """
        credentials = self._access.credentials
        before, authorization = credentials.certificates, refused.get("Authorization", "")
        credentials.forget(authorization)
        return credentials.authorization() != authorization or credentials.certificates != before


def open_connection(context: str | None, namespace: str | None, connections: int) -> Connection:
    """Read the kubeconfig, or the service account inside a cluster; sends no request yet.

    Args:
        context: Of the kubeconfig; None for its current one.
        namespace: None for the context's.
        connections: How many are kept open at most.

    Raises:
        KubeconfigError: There is no kubeconfig, it is not valid, or it has no such context.
    """
    access = find_access(context)
    for warning in access.warnings:
        _warn(warning)
        # urllib3 would say the same at each request
        warnings.filterwarnings(
            "ignore", category=urllib3.exceptions.InsecureRequestWarning, message=_unverified(access)
        )
    return Connection(access, namespace or access.namespace or "default", connections)


@functools.cache
def _warn(text: str) -> None:
    """Once in a command."""
    say(f"warning: {text}")


def _unverified(access: Access) -> str:
    host = urllib3.util.parse_url(access.server).host or ""
    return f"Unverified HTTPS request is being made to host '{re.escape(host)}'"


def _pool(access: Access, connections: int) -> urllib3.PoolManager:
    options: dict[str, Any] = {"maxsize": connections, "ssl_context": access.tls}
    if access.tls_server_name:
        options["server_hostname"] = access.tls_server_name
    proxy = access.proxy
    if proxy is None:
        return urllib3.PoolManager(**options)
    if proxy.scheme == "socks5":
        return SOCKSProxyManager(
            f"socks5h://{proxy.address}", username=proxy.user or None, password=proxy.password or None, **options
        )
    headers = urllib3.make_headers(proxy_basic_auth=f"{proxy.user}:{proxy.password}") if proxy.user else None
    url = f"{proxy.scheme}://{proxy.address}"
    return urllib3.ProxyManager(url, proxy_headers=headers, proxy_ssl_context=access.proxy_tls, **options)
