"""Classifies the name of an S3 server: this machine, AWS, or another one."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

_ADDRESS: Final = "ADDRESS-THAT-PODS-REACH"


def is_local(url: str) -> bool:
    """Whether a URL names the machine that uses it."""
    host = host_of(url)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def is_aws(url: str) -> bool:
    """Whether a server is AWS's own, which pods use by default."""
    return host_of(url).endswith((".amazonaws.com", ".amazonaws.com.cn"))


def reachable_form(url: str) -> str:
    """An endpoint as pods might reach it: with a placeholder for this machine's name instead of `localhost`."""
    return url.replace(_host_as_written(url), _ADDRESS, 1) if is_local(url) else url


def _host_as_written(url: str) -> str:
    netloc = urlsplit(url).netloc
    return netloc[: netloc.index("]") + 1] if netloc.startswith("[") else netloc.partition(":")[0]


def host_of(url: str) -> str:
    """Its host; empty if it is not a URL."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def same_server(first: str, second: str) -> bool:
    """Whether two endpoints are written alike."""
    return first.rstrip("/") == second.rstrip("/")
