"""Which API server, as whom, in which namespace: from the kubeconfig, as kubectl finds it."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import urllib3
import yaml
from kubernetes import config
from kubernetes.client import ApiClient, Configuration
from kubernetes.config.config_exception import ConfigException

from orchestrator.errors import UnreachableError

_SERVICE_ACCOUNT_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_FIX: Final = "name a kubeconfig with KUBECONFIG, and look at `kubectl config get-contexts`"


@dataclass(frozen=True, slots=True)
class Connection:
    """An API server and how to speak to it.

    Attributes:
        server: Its URL.
        namespace: Where the experiment's Jobs are.
        context: Of the kubeconfig; empty inside a cluster.
        pool: Connections, kept open.
        headers: Headers of the next request, with a token that is renewed when it expires.
    """

    server: str
    namespace: str
    context: str
    pool: urllib3.PoolManager
    headers: Callable[[], dict[str, str]]


def open_connection(context: str | None, namespace: str | None, connections: int) -> Connection:
    """Read the kubeconfig, or the service account inside a cluster; sends nothing yet.

    Args:
        context: Of the kubeconfig; None for its current one.
        namespace: None for the context's.
        connections: Kept open at most.

    Raises:
        UnreachableError: There is no kubeconfig, it is not valid, or it has no such context.
    """
    configuration = Configuration()
    configuration.connection_pool_maxsize = connections
    files = os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    if not any(Path(file).is_file() for file in files.split(os.pathsep)):
        name, default = _in_cluster(configuration, files)
    else:
        name, default = _from_kubeconfig(configuration, files, context)
    client = ApiClient(configuration)
    renewing = threading.Lock()

    def headers() -> dict[str, str]:
        made = {"User-Agent": "gridctl", "Accept": "application/json"}
        with renewing, _said():  # an expired token is renewed once, not by every thread
            client.update_params_for_auth(made, [], ["BearerToken"])
        return made

    return Connection(
        server=configuration.host.rstrip("/"),
        namespace=namespace or default or "default",
        context=name,
        pool=client.rest_client.pool_manager,
        headers=headers,
    )


def _from_kubeconfig(configuration: Configuration, files: str, context: str | None) -> tuple[str, str]:
    try:
        contexts, current = config.list_kube_config_contexts(config_file=files)
        if context is not None:
            known = {item["name"]: item for item in contexts}
            if context not in known:
                from orchestrator.experiment.suggest import did_you_mean

                raise UnreachableError(
                    f"the kubeconfig has no context '{context}'", where=files, fix=did_you_mean(context, list(known))
                )
            current = known[context]
        with _said() as said:
            config.load_kube_config(config_file=files, context=context, client_configuration=configuration)
    except (ConfigException, yaml.YAMLError, OSError, TypeError, KeyError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreachableError(f"not a valid kubeconfig: {reason}", where=files, fix=_FIX) from None
    settings: dict[str, Any] = current.get("context") or {}
    if not (configuration.api_key or configuration.cert_file or configuration.username):
        _require_login(files, str(settings.get("user", "")), said)
    return str(current.get("name", "")), str(settings.get("namespace") or "")


def _require_login(files: str, user: str, said: list[str]) -> None:
    """With no credentials from its command the API server would take this user for anonymous.

    Raises:
        UnreachableError: The kubeconfig names a command for signing in, and it gave none.
    """
    merged = config.kube_config.KubeConfigMerger(files).config
    users = (merged.value.get("users") if merged is not None else None) or []
    execute = next(((item.safe_get("user") or {}).get("exec") for item in users if item["name"] == user), None)
    if execute:  # without one, a proxy such as `kubectl proxy` may add them
        reason = " ".join(" ".join(said).removeprefix("exec: ").split()) or "it gave none"
        raise UnreachableError(
            f"its command `{execute.get('command', '')}` gave no credentials: {reason}",
            where=files,
            fix="run that command by hand: it has to be installed, and you signed in with it",
        )


@contextlib.contextmanager
def _said() -> Iterator[list[str]]:
    """What the Kubernetes library logs meanwhile, kept from the terminal: it raises nothing when a login fails."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    keep, root = Keep(), logging.getLogger()
    root.addHandler(keep)
    try:
        yield lines
    finally:
        root.removeHandler(keep)


def _in_cluster(configuration: Configuration, files: str) -> tuple[str, str]:
    if "KUBERNETES_SERVICE_HOST" not in os.environ:
        raise UnreachableError(
            "there is no kubeconfig, so no cluster is known",
            where=files,
            fix="get one from your cluster's administrator, or make a cluster with kind or k3d; "
            "`--backend local` trains on this machine",
        )
    try:
        config.load_incluster_config(client_configuration=configuration)
        return "", _SERVICE_ACCOUNT_NAMESPACE.read_text(encoding="utf-8").strip()
    except (ConfigException, OSError) as error:
        raise UnreachableError(f"this pod has no usable service account: {error}", fix=_FIX) from None
