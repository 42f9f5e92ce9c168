"""Whether the namespace's NetworkPolicies let pods out to the port of their S3 server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api
from gridctl.executors.kubernetes.store_access.finding import StoreAccessFinding, finding
from gridctl.executors.kubernetes.store_access.server_name import is_local

Json = Mapping[str, Any]
_HTTPS: Final = 443


def network_policies(api: Api) -> list[Json]:
    """Policies of the namespace; empty if they may not be read.

    Raises:
        UnreachableError: The server refuses for another reason.
    """
    try:
        return list(api.list(f"/apis/networking.k8s.io/v1/namespaces/{api.namespace}/networkpolicies").items)
    except RefusedError as error:
        if error.status in (403, 404):
            return []
        raise


def compare_egress(
    policies: Iterable[Json], pod_labels: Mapping[str, str], endpoint: str, namespace: str
) -> list[StoreAccessFinding]:
    """A finding if no policy allows the port; some clusters enforce none, so it is never certain.

    Args:
        policies: Those of the namespace.
        pod_labels: Labels of the pods, by which policies select them.
        endpoint: URL of the pods' S3 server; empty for AWS's own.
        namespace: Namespace of the pods.
    """
    port = port_of(endpoint)
    chosen = [policy for policy in policies if _is_about(policy.get("spec") or {}, pod_labels)]
    if port is None or not chosen or any(_allows(policy["spec"], port) for policy in chosen):
        return []
    names = ", ".join(str(policy["metadata"]["name"]) for policy in chosen)
    says = f"the S3 server is at port {port}, and NetworkPolicy {names} lets pods out to other ports only"
    rules = chosen[0]["spec"].get("egress") or []
    place = next((index for index, rule in enumerate(rules) if rule.get("to") and rule.get("ports")), None)
    if place is None:
        return [finding("egress", "failed", says, f"have an administrator allow TCP {port}")]
    patch = f'[{{"op": "add", "path": "/spec/egress/{place}/ports/-", "value": {{"protocol": "TCP", "port": {port}}}}}]'
    name = chosen[0]["metadata"]["name"]
    return [
        finding("egress", "failed", says, f"kubectl -n {namespace} patch networkpolicy {name} --type=json -p '{patch}'")
    ]


def port_of(endpoint: str) -> int | None:
    """The port of a server; None if policies see another one or none, as of a Service inside the cluster or the pod."""
    if not endpoint:
        return _HTTPS
    if is_local(endpoint):
        return None
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if ("." not in host.removesuffix(".") and ":" not in host) or ".svc" in f"{host}.":
        return None
    return port or (80 if parts.scheme == "http" else _HTTPS)


def _is_about(spec: Json, labels: Mapping[str, str]) -> bool:
    """Whether a policy restricts the egress of pods with these labels."""
    if "Egress" not in (spec.get("policyTypes") or (["Egress"] if spec.get("egress") else [])):
        return False
    selector = spec.get("podSelector") or {}
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_matches(expression, labels) for expression in selector.get("matchExpressions") or ())


def _matches(expression: Json, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or ()
    return {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }.get(expression.get("operator", ""), False)


def _allows(spec: Json, port: int) -> bool:
    """Whether some rule lets a connection to a port through, wherever to."""
    for rule in spec.get("egress") or ():
        ports = rule.get("ports")
        if not ports:
            return True
        for item in ports:
            given = item.get("port")
            if item.get("protocol", "TCP") == "TCP" and (
                given is None or isinstance(given, str) or int(given) <= port <= int(item.get("endPort") or given)
            ):
                return True
    return False
