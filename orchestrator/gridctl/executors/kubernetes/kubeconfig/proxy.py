"""The proxy to an API server: `proxy-url`, else HTTPS_PROXY, HTTP_PROXY and NO_PROXY as Go reads them."""

from __future__ import annotations

import contextlib
import ipaddress
import os
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from gridctl.errors import KubeconfigError
from gridctl.executors.kubernetes.kubeconfig.entry import Entry


@dataclass(frozen=True, slots=True)
class Proxy:
    """A server that connections go through.

    Attributes:
        scheme: `http`, `https` or `socks5`.
        address: `host:port`.
        user: Empty if it asks for none.
        password: Of that user.
        named_by: The field or variable that it comes from.
    """

    scheme: str
    address: str
    user: str
    password: str
    named_by: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.address} ({self.named_by})"


def proxy_of(cluster: Entry, server: str) -> Proxy | None:
    """The proxy for a cluster's API server; None for a direct connection.

    Raises:
        KubeconfigError: What is set is not a proxy.
    """
    if given := cluster.text("proxy-url"):
        proxy = _parsed(given, "proxy-url")
        if proxy is None:
            raise cluster.wrong("proxy-url is not a URL of scheme http, https or socks5 with a host")
        return proxy
    url = urlsplit(server)
    name = f"{url.scheme}_proxy"
    variable = name.upper() if os.environ.get(name.upper()) else name
    value = os.environ.get(variable, "")
    if not value or _is_direct(url):
        return None
    proxy = _parsed(value if "://" in value else f"http://{value}", variable)
    if proxy is None:
        raise KubeconfigError(
            f"{variable} is not a URL of scheme http, https or socks5 with a host",
            where=server,
            fix=f"correct or unset {variable}, or put the API server's host into NO_PROXY",
        )
    return proxy


def _parsed(text: str, named_by: str) -> Proxy | None:
    try:
        url = urlsplit(text)
        port = url.port or {"http": 80, "https": 443}.get(url.scheme, 1080)
    except ValueError:
        return None
    scheme = url.scheme.replace("socks5h", "socks5")
    if scheme not in ("http", "https", "socks5") or not url.hostname or any(character <= " " for character in text):
        return None
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    return Proxy(scheme, f"{host}:{port}", unquote(url.username or ""), unquote(url.password or ""), named_by)


def _is_direct(url: SplitResult) -> bool:
    """Whether the environment asks for a direct connection: on this machine always, else by NO_PROXY."""
    host = (url.hostname or "").rstrip(".")
    port = url.port or {"https": 443}.get(url.scheme, 80)
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    listed = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return any(_matches(item.strip().lower(), host, port, address) for item in listed.split(",") if item.strip())


def _matches(item: str, host: str, port: int, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    if item == "*":
        return True
    with contextlib.suppress(ValueError):  # it is not an address or a network of them
        network = ipaddress.ip_network(item, strict=False)
        return address is not None and address in network
    name, colon, number = item.rpartition(":")
    if colon and number.isdigit() and (name.endswith("]") or ":" not in name):
        if int(number) != port:
            return False
        item = name
    if (listed := _address(item.strip("[]"))) is not None:  # with a port
        return address == listed
    item = item.removeprefix("*")
    return host.endswith(item) if item.startswith(".") else host == item or host.endswith(f".{item}")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
