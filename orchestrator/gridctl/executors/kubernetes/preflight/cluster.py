"""The checks of `gridctl doctor` in a cluster, one function per line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gridctl.executors.check import Check
from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api
from gridctl.executors.kubernetes.preflight.rights import missing_rights
from gridctl.executors.kubernetes.store_access.secret_keys import Secret
from gridctl.experiment.kubernetes_options import KubernetesOptions, Toleration
from gridctl.terminal.console import count

Json = dict[str, Any]


def server(api: Api) -> Check:
    """Whether it answers, and knows this user.

    Raises:
        UnreachableError: It does not.
    """
    version = str(api.get("/version").get("gitVersion", "unknown"))
    who = "somebody"
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        answer = api.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=review)
        who = str(answer.body["status"]["userInfo"]["username"])
    except RefusedError as error:
        if error.status not in (403, 404):
            raise
    says = f"{api.server} runs Kubernetes {version} and knows you as {who}"
    if _minor(version) < (1, 29):
        fix = "Jobs need podFailurePolicy and podReplacementPolicy: Kubernetes 1.29"
        return Check("cluster", "failed", says, fix, unreachable=True)
    return Check("cluster", "ok", says)


def namespace(api: Api) -> Check:
    """Whether it exists, and which Pod Security level it enforces.

    Raises:
        UnreachableError: The server refuses for another reason.
    """
    name = api.namespace
    try:
        labels = api.get(f"/api/v1/namespaces/{name}")["metadata"].get("labels", {})
    except RefusedError as error:
        if error.status == 404:
            fix = "kubectl apply -k k8s/base, or correct kubernetes.namespace"
            return Check("namespace", "failed", f"there is no namespace {name}", fix, unreachable=True)
        if error.status == 403:
            return Check("namespace", "unknown", f"you may not look at namespace {name}")
        raise
    level = labels.get("pod-security.kubernetes.io/enforce", "privileged, as none is set")
    return Check("namespace", "ok", f"{name} is there; Pod Security level enforced: {level}")


def rights(api: Api) -> Check:
    """Whether this user has the rights that gridctl needs.

    Raises:
        UnreachableError: The server cannot be asked.
    """
    missing = missing_rights(api)
    needed = [f"{right} ({right.needed_by})" for right in missing if right.needed_by]
    fix = "have somebody bind you to the Role in k8s/base/role.yaml"
    if needed:
        return Check("rights", "failed", f"you may not {', '.join(needed)}", fix, unreachable=True)
    if missing:
        return Check("rights", "ok", f"enough; some lines here say less, as you may not {', '.join(map(str, missing))}")
    return Check("rights", "ok", "you may do everything that gridctl does")


def secret(namespace: str, found: Secret, fix: str) -> Check:
    """Whether the store's Secret is there, and its keys; `fix` makes it."""
    if found.there is False:
        return Check("secret", "failed", f"there is no Secret {found.name}: pods would not start", fix)
    if found.there is None:
        says = f"you may not look at Secret {found.name}; a pod says CreateContainerConfigError if there is none"
        return Check("secret", "unknown", says, _who_may_look(namespace, found.name))
    return Check("secret", "ok", f"{found.name} has {', '.join(sorted(found.keys)) or 'no key'}")


def secret_keys(namespace: str, found: Secret, keys: Iterable[str]) -> Check:
    """Whether a Secret of `kubernetes.secret_env` has its keys."""
    name, wanted = found.name, sorted(set(keys))
    title = f"secret {name}"
    fix = f"kubectl -n {namespace} create secret generic {name} --from-literal={wanted[0]}=..."
    if found.there is False:
        return Check(title, "failed", f"there is no Secret {name}: pods would not start", fix)
    if found.there is None:
        says = f"you may not look at Secret {name}, in which pods need {', '.join(wanted)}; "
        says += "`gridctl status` says if a key is missing"
        return Check(title, "unknown", says, _who_may_look(namespace, name))
    missing = [key for key in wanted if key not in found.keys]
    if missing:
        has = f"it has {', '.join(sorted(found.keys))}" if found.keys else "it is empty"
        says = f"Secret {name} has no {' and no '.join(missing)}: pods would not start; {has}"
        return Check(title, "failed", says, fix)
    return Check(title, "ok", f"{name} has {', '.join(wanted)}")


def _who_may_look(namespace: str, name: str) -> str:
    """How to check for the right, and how a user with it sees the keys without their values."""
    return (
        f"it takes the right to get secrets: kubectl -n {namespace} auth can-i get secret/{name}; "
        f"whoever has it sees the keys with kubectl -n {namespace} describe secret {name}"
    )


def claim(api: Api, name: str) -> Check:
    """Whether a PersistentVolumeClaim is there and bound.

    Raises:
        UnreachableError: The server refuses for another reason.
    """
    title = f"claim {name}"
    try:
        found = api.get(f"/api/v1/namespaces/{api.namespace}/persistentvolumeclaims/{name}")
    except RefusedError as error:
        if error.status == 404:
            fix = "make it (k8s/base/data-claim.example.yaml), or correct kubernetes.volumes"
            return Check(title, "failed", f"there is no PersistentVolumeClaim {name}", fix)
        if error.status == 403:
            return Check(title, "unknown", f"you may not look at PersistentVolumeClaim {name}")
        raise
    phase = found.get("status", {}).get("phase", "Pending")
    if phase != "Bound":
        return Check(title, "unknown", f"it is {phase}", "some storage classes bind it when the first pod comes")
    return Check(title, "ok", "it is bound")


def nodes(api: Api, options: KubernetesOptions) -> Check:
    """Whether any node could take a pod: labels, taints, GPUs, CPUs.

    Raises:
        UnreachableError: The server refuses for another reason.
    """
    title = "GPUs and nodes"
    try:
        all_nodes = api.list("/api/v1/nodes").items
    except RefusedError as error:
        if error.status == 403:
            return Check(title, "unknown", "you may not list nodes; `gridctl status` says why a pod gets none")
        raise
    wanted = dict(options.node_selector)
    if options.gpu_product:
        wanted["nvidia.com/gpu.product"] = options.gpu_product
    fitting = [node for node in all_nodes if _fits(node, wanted, options.tolerations)]
    if not fitting:
        products = {node["metadata"].get("labels", {}).get("nvidia.com/gpu.product") for node in all_nodes} - {None}
        known = f"; GPU products here: {', '.join(sorted(map(str, products)))}" if products else ""
        fix = f"correct node_selector, gpu_product or tolerations{known}"
        return Check(
            title, "failed", f"none of {count(len(all_nodes), 'node')} has the labels and tolerated taints", fix
        )
    if not options.gpus:
        return Check(
            title, "ok", f"{len(fitting)} of {count(len(all_nodes), 'node')} can take a pod; no GPU is asked for"
        )
    gpus = [int(node["status"].get("allocatable", {}).get(options.gpu_resource, 0)) for node in fitting]
    if max(gpus) < options.gpus:
        fix = "ask for fewer, correct kubernetes.gpu_resource, or train on CPUs with kubernetes.gpus: 0"
        says = f"a pod wants {options.gpus} {options.gpu_resource}, and the largest fitting node has {max(gpus)}"
        return Check(title, "failed", says, fix)
    at_once = sum(number // options.gpus for number in gpus)
    return Check(
        title,
        "ok",
        f"{sum(gpus)} {options.gpu_resource} on {count(len(fitting), 'fitting node')}: {count(at_once, 'run')} at once",
    )


def image(api: Api, name: str) -> Check:
    """Whether some node has the image already; only a pod can tell whether the others can pull it.

    Raises:
        UnreachableError: The server refuses for another reason.
    """
    try:
        all_nodes = api.list("/api/v1/nodes").items
    except RefusedError as error:
        if error.status == 403:
            return Check("image", "unknown", f"{name}: you may not list nodes; the first pod will tell")
        raise
    holders = [node for node in all_nodes if name in _names_of(node)]
    if holders:
        return Check("image", "ok", f"{name} is on {len(holders)} of {count(len(all_nodes), 'node')}")
    return Check(
        "image", "unknown", f"no node has {name} yet: the first pod has to pull it", "push it, if you have not"
    )


def _names_of(node: Json) -> set[str]:
    """Names of a node's images, also in the short forms that Docker's own registry has."""
    full = {name for image in node.get("status", {}).get("images", ()) for name in image.get("names") or ()}
    return full | {name.removeprefix("docker.io/library/").removeprefix("docker.io/") for name in full}


def _fits(node: Json, labels: Mapping[str, str], tolerations: Iterable[Toleration]) -> bool:
    given = node["metadata"].get("labels", {})
    if any(given.get(key) != value for key, value in labels.items()) or node.get("spec", {}).get("unschedulable"):
        return False
    taints = [taint for taint in node.get("spec", {}).get("taints") or () if taint["effect"] != "PreferNoSchedule"]
    return all(any(_tolerates(toleration, taint) for toleration in tolerations) for taint in taints)


def _tolerates(toleration: Toleration, taint: Mapping[str, str]) -> bool:
    if toleration.effect is not None and toleration.effect != taint["effect"]:
        return False
    if toleration.key and toleration.key != taint["key"]:
        return False
    return toleration.operator == "Exists" or toleration.value == taint.get("value", "")


def _minor(version: str) -> tuple[int, int]:
    """`(1, 36)` of `v1.36.2+k3s1`; high enough for whatever is written otherwise."""
    major, _, rest = version.removeprefix("v").partition(".")
    minor = rest.partition(".")[0].rstrip("+")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (99, 0)
