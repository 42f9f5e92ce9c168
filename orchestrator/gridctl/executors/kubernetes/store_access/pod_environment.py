"""The environment of a Job's trainer, as far as the rendered Job and the Secrets' keys show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gridctl.executors.kubernetes.manifest.job_template import SPEC_ANNOTATION
from gridctl.executors.kubernetes.store_access.secret_keys import Secret

Json = Mapping[str, Any]
_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a pod.

    Attributes:
        value: None if it comes from a Secret, or is known only to the cluster.
        source: Where it is set, in words.
    """

    value: str | None
    source: str


@dataclass(frozen=True, slots=True)
class PodEnvironment:
    """The environment of the trainer's container.

    Attributes:
        variables: By name.
        unread: Secrets and ConfigMaps that are imported whole, and whose keys this user may not read.
        service_account: The pod's; empty for the namespace's default.
        mounts: Paths of its volumes.
        alone: Whether `localhost` is the trainer's container and nothing else.
    """

    variables: Mapping[str, Variable] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    service_account: str = ""
    mounts: tuple[str, ...] = ()
    alone: bool = True

    def first(self, names: Iterable[str]) -> tuple[str, Variable] | None:
        """The first of some variables that is set."""
        return next(((name, self.variables[name]) for name in names if name in self.variables), None)


def pod_environment(job: Json, secret: Callable[[str], Secret]) -> PodEnvironment:
    """The environment of a Job's trainer.

    Args:
        job: As rendered and checked.
        secret: Finds Secrets.

    Raises:
        UnreachableError: The API server cannot be asked.
    """
    pod = job["spec"]["template"]["spec"]
    containers, container = _mappings(pod.get("containers")), trainer_container(job)
    sidecars = [item for item in _mappings(pod.get("initContainers")) if item.get("restartPolicy") == "Always"]
    variables: dict[str, Variable] = {}
    unread: list[str] = []
    for source in _mappings(container.get("envFrom")):
        found = list(_taken_whole(source, secret, unread))
        variables.update({name: value for name, value in found if _NAME.fullmatch(name)})
    for item in _mappings(container.get("env")):
        variable = _one(item, secret)
        variables.pop(str(item.get("name")), None)
        if variable is not None and variable.value != "":
            variables[str(item.get("name"))] = variable
    return PodEnvironment(
        variables=variables,
        unread=tuple(unread),
        service_account=str(pod.get("serviceAccountName") or ""),
        mounts=tuple(str(mount.get("mountPath", "")) for mount in _mappings(container.get("volumeMounts"))),
        alone=not pod.get("hostNetwork") and len(containers) + len(sidecars) == 1,
    )


def trainer_container(job: Json) -> Json:
    """The container of a Job, as rendered and checked, that gets the URL of its run's specification."""
    containers = _mappings(job["spec"]["template"]["spec"].get("containers"))
    spec_url = job["metadata"]["annotations"][SPEC_ANNOTATION]
    return next((item for item in containers if spec_url in _words(item)), containers[0])


def _taken_whole(source: Json, secret: Callable[[str], Secret], unread: list[str]) -> Iterator[tuple[str, Variable]]:
    """All variables of a Secret, or of a ConfigMap, whose keys are not read."""
    prefix = str(source.get("prefix") or "")
    if isinstance(source.get("configMapRef"), Mapping):
        unread.append(f"ConfigMap {source['configMapRef'].get('name')}")
    if isinstance(source.get("secretRef"), Mapping):
        found = secret(str(source["secretRef"].get("name")))
        if found.there is None:
            unread.append(f"Secret {found.name}")
        for key in found.keys:
            yield prefix + key, Variable(None, f"Secret {found.name}")


def _one(item: Json, secret: Callable[[str], Secret]) -> Variable | None:
    """A single variable; None if its optional Secret is known to lack it."""
    given = item.get("valueFrom")
    if not isinstance(given, Mapping):
        value = str(item.get("value") or "")
        return Variable(None if "$(" in value else value, "the Job's env")
    if isinstance(reference := given.get("secretKeyRef"), Mapping):
        found = secret(str(reference.get("name")))
        if reference.get("optional") and found.there is not None and reference.get("key") not in found.keys:
            return None
        return Variable(None, f"Secret {found.name}, key {reference.get('key')}")
    return Variable(None, "the Job's env")


def _mappings(given: Any) -> list[Json]:
    return [item for item in given if isinstance(item, Mapping)] if isinstance(given, list) else []


def _words(container: Json) -> list[Any]:
    given = (container.get("command"), container.get("args"))
    return [word for words in given if isinstance(words, list) for word in words]
