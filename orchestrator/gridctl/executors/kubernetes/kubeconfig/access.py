"""Everything that a connection to an API server needs to know."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gridctl.errors import KubeconfigError
from gridctl.executors.kubernetes.kubeconfig.credentials import Credentials, credentials_of
from gridctl.executors.kubernetes.kubeconfig.entry import Entry
from gridctl.executors.kubernetes.kubeconfig.impersonation import impersonation_headers
from gridctl.executors.kubernetes.kubeconfig.in_cluster import in_cluster, is_in_cluster
from gridctl.executors.kubernetes.kubeconfig.merging import choose, merged, named_files
from gridctl.executors.kubernetes.kubeconfig.proxy import Proxy, proxy_of
from gridctl.executors.kubernetes.kubeconfig.tls import tls_of, trusting

_TLS_FIELDS: Final = (
    "certificate-authority",
    "certificate-authority-data",
    "client-certificate",
    "client-certificate-data",
    "insecure-skip-tls-verify",
)


@dataclass(frozen=True, slots=True)
class Access:
    """Where an API server is, how to connect to it, and as which user.

    Attributes:
        server: Its URL, without a slash at the end.
        namespace: The context's, or the pod's; empty if there is none.
        context: Its name; empty inside a cluster.
        tls: For connections to the server. The client certificate of an exec plugin is put into it.
        tls_server_name: Name in the server's certificate; empty if it is the URL's.
        proxy: The proxy to it; None if there is none.
        proxy_tls: For a connection to a proxy of scheme https.
        compressed: Whether answers may be compressed.
        warnings: Messages for the user, in full sentences.
        credentials: The user's credentials.
        impersonation: Headers of the impersonated user.
    """

    server: str
    namespace: str
    context: str
    tls: ssl.SSLContext
    tls_server_name: str
    proxy: Proxy | None
    proxy_tls: ssl.SSLContext | None
    compressed: bool
    warnings: tuple[str, ...]
    credentials: Credentials
    impersonation: tuple[tuple[str, str], ...]

    def headers(self) -> list[tuple[str, str]]:
        """Headers of the next request that identify the user. A name may appear several times.

        Raises:
            KubeconfigError: The credentials have to be renewed, and cannot be.
        """
        authorization = self.credentials.authorization()
        return [*([("Authorization", authorization)] if authorization else []), *self.impersonation]


def find_access(context: str | None) -> Access:
    """Read the kubeconfig, else the service account of a pod; sends no request.

    Args:
        context: Of the kubeconfig; None for its current one.

    Raises:
        KubeconfigError: There is neither, or something in it is not valid.
    """
    files = named_files()
    content = merged(files)
    if content is not None:
        chosen = choose(content, context, files)
        namespace, name = chosen.context.text("namespace"), chosen.context.name
        return _access(chosen.cluster, chosen.user, namespace, name, lambda: _user_of(files, name))
    if is_in_cluster():
        cluster, user, namespace = in_cluster()
        return _access(cluster, user, namespace, "", lambda: user)
    there = any(file.exists() for file in files)
    raise KubeconfigError(
        "the kubeconfig is empty" if there else "there is no kubeconfig, so no cluster is known",
        where=os.pathsep.join(map(str, files)),
        fix="get one from your cluster's administrator, or make a cluster with kind or k3d; "
        "`--backend local` trains on this machine",
    )


def _user_of(files: list[Path], context: str) -> Entry:
    """A context's user as the files say now.

    Raises:
        KubeconfigError: They cannot be read, or have no such context.
    """
    content = merged(files)
    if content is None:
        raise KubeconfigError("the kubeconfig is empty", where=os.pathsep.join(map(str, files)))
    return choose(content, context, files).user


def _access(cluster: Entry, user: Entry, namespace: str, context: str, read_again: Callable[[], Entry]) -> Access:
    server = _server(cluster, user)
    tls = tls_of(cluster, user)
    insecure = cluster.flag("insecure-skip-tls-verify") and server.startswith("https:")
    proxy = proxy_of(cluster, server)
    proxy_tls = None
    if proxy is not None and proxy.scheme == "https":
        proxy_tls = trusting(cluster, None, insecure=insecure)
        if authority := cluster.content("certificate-authority"):  # as kubectl, which trusts it for the proxy too
            proxy_tls.load_verify_locations(cadata=authority.decode("ascii", errors="ignore"))
    tls_server_name = cluster.text("tls-server-name")
    if tls_server_name and not _is_host(tls_server_name):
        raise cluster.wrong("tls-server-name is not the name of a host")
    impersonation = impersonation_headers(user)
    names = [name for name, _ in impersonation]
    if len(set(names)) < len(names) and proxy and proxy.scheme != "socks5" and server.startswith("http:"):
        raise user.wrong(f"several values of {names[-1]} cannot pass {proxy} to a server without TLS")
    warning = f"the certificate of {server} is not checked: {cluster.file} sets insecure-skip-tls-verify"
    return Access(
        server=server,
        namespace=namespace,
        context=context,
        tls=tls,
        tls_server_name=tls_server_name,
        proxy=proxy,
        proxy_tls=proxy_tls,
        compressed=not cluster.flag("disable-compression"),
        warnings=(warning,) if insecure else (),
        credentials=credentials_of(user, cluster, server, tls, read_again),
        impersonation=tuple(impersonation),
    )


def _is_host(name: str) -> bool:
    """Whether Python's ssl takes it for the name of a server."""
    try:
        return not name.startswith(".") and bool(name.encode("idna")) and all(character > " " for character in name)
    except UnicodeError:
        return False


def _server(cluster: Entry, user: Entry) -> str:
    """The URL as kubectl completes it: without a scheme it is https if any TLS setting is given."""
    text = cluster.text("server").strip()
    if not text:
        raise cluster.wrong("it names no server")
    if "://" not in text:
        secured = any(cluster.fields.get(field) or user.fields.get(field) for field in _TLS_FIELDS)
        text = f"{'https' if secured else 'http'}://{text}"
    try:
        url = urlsplit(text)
        valid = url.scheme in ("http", "https") and _is_host(url.hostname or "") and url.port != 0
    except ValueError:
        valid = False
    if not valid or any(not " " < character < "\x7f" for character in text) or url.query or url.fragment:
        raise cluster.wrong("server is not a URL such as https://host:6443")
    if "@" in url.netloc:
        raise cluster.wrong("server has a user or a password in it", "put them into username and password of the user")
    return text.rstrip("/")
