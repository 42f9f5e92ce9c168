"""Checks that gridctl can find a Job again and that Kubernetes treats it as its trainer expects."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gridctl.experiment.secret_forms import secret_form, why_secret


@dataclass(frozen=True, slots=True)
class Expected:
    """What the Job of one run has, whatever the template.

    Attributes:
        name: The run's id.
        namespace: None if the template need not name one.
        labels: Of the Job and of its pods.
        annotations: Of the Job.
        spec_url: URL of the run's specification.
        secret_env: Variables that come from Secrets.
    """

    name: str
    namespace: str | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec_url: str
    secret_env: Collection[str] = ()


def job_problems(job: Mapping[str, Any], expected: Expected) -> list[tuple[str, str]]:
    """Every mistake in a Job: the path of the field, and what is wrong.

    Args:
        job: As parsed from the template's text.
        expected: What it should have.
    """
    found = [*_kind(job)]
    if found:
        return found
    metadata, spec = _mapping(job, "metadata"), _mapping(job, "spec")
    template = _mapping(spec, "template")
    pod_metadata, pod = _mapping(template, "metadata"), _mapping(template, "spec")
    found += _metadata(metadata, expected)
    found += _contains("metadata.labels", metadata, "labels", expected.labels)
    found += _contains("metadata.annotations", metadata, "annotations", expected.annotations)
    found += _contains("spec.template.metadata.labels", pod_metadata, "labels", expected.labels)
    found += _pod(pod, expected)
    found += _failure_policy(spec, pod)
    return found


def _kind(job: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field, wanted in (("apiVersion", "batch/v1"), ("kind", "Job")):
        if job.get(field) != wanted:
            yield field, f"is {job.get(field)!r}, not {wanted}"
    for field in ("metadata", "spec"):
        if not isinstance(job.get(field), dict):
            yield field, "is missing"


def _metadata(metadata: Mapping[str, Any], expected: Expected) -> Iterator[tuple[str, str]]:
    if metadata.get("name") != expected.name:
        yield "metadata.name", f"is {metadata.get('name')!r}, not the run's id: use {{{{ run_id | tojson }}}}"
    namespace = metadata.get("namespace")
    if namespace is not None and namespace != expected.namespace:
        yield "metadata.namespace", f"is {namespace!r}, but kubernetes.namespace is {expected.namespace!r}"


def _contains(path: str, parent: Mapping[str, Any], key: str, wanted: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    given = _mapping(parent, key)
    missing = [name for name, value in wanted.items() if given.get(name) != value]
    if missing:
        yield path, f"{', '.join(missing)} is missing or another: gridctl would not find it again"
    wrong = [str(name) for name, value in given.items() if not isinstance(value, str)]
    if wrong:
        yield path, f"{', '.join(wrong)} is not a string: write it through `string | tojson`"


def _pod(pod: Mapping[str, Any], expected: Expected) -> Iterator[tuple[str, str]]:
    if pod.get("restartPolicy") != "Never":
        yield "spec.template.spec.restartPolicy", "must be Never: each attempt is a pod of its own"
    containers = _containers(pod)
    if not containers:
        yield "spec.template.spec.containers", "there is none"
    elif not any(expected.spec_url in map(str, _words(container)) for container in containers):
        yield "spec.template.spec.containers", "none gets the specification: use {{ spec_url | tojson }} in args"
    path = "spec.template.spec.containers"
    variables = {str(item.get("name")): item for container in containers for item in _variables(container)}
    for name in expected.secret_env:
        if "valueFrom" not in variables.get(name, {}):
            yield path, f"none gets {name} of kubernetes.secret_env: copy its lines from the built-in template"
    for container in (*containers, *_containers(pod, "initContainers")):
        for variable in _variables(container):
            name = str(variable.get("name", ""))
            reason = why_secret(name, str(variable["value"])) if "value" in variable else ""
            if reason:
                yield path, f"{name} is written into the Job, but {reason}: use kubernetes.secret_env"
        for word in _words(container):
            if form := secret_form(str(word)):
                yield path, f"a word of a command looks like {form}: use kubernetes.secret_env"


def _failure_policy(spec: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if spec.get("podReplacementPolicy") != "Failed":
        yield "spec.podReplacementPolicy", "must be Failed, or two pods train one run at once"
    names = {container.get("name") for container in _containers(pod)}
    rules = _mapping(spec, "podFailurePolicy").get("rules") or []
    for index, rule in enumerate(rules):
        path = f"spec.podFailurePolicy.rules[{index}]"
        on_exit = rule.get("onExitCodes") or {}
        codes = on_exit.get("values") or []
        if codes != sorted(set(codes)):
            yield f"{path}.onExitCodes.values", "must be sorted, each once"
        name = on_exit.get("containerName")
        if name is not None and name not in names:
            yield f"{path}.onExitCodes.containerName", f"there is no container {name!r}"
        for condition in rule.get("onPodConditions") or []:
            if not isinstance(condition.get("status", "True"), str):
                yield f"{path}.onPodConditions", 'status is a string: write "True"'


def _words(container: Mapping[str, Any]) -> list[Any]:
    given = (container.get("command"), container.get("args"))
    return [word for words in given if isinstance(words, list) for word in words]


def _variables(container: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = container.get("env")
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


def _containers(pod: Mapping[str, Any], key: str = "containers") -> list[dict[str, Any]]:
    given = pod.get(key)
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


def _mapping(parent: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}
