"""Everything that runs need of a cluster, as lines of `gridctl doctor`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from gridctl.errors import InputError, KubeconfigError
from gridctl.executors.check import Check, failed, guarded
from gridctl.executors.data_places import data_checks
from gridctl.executors.kubernetes.executor import KubernetesExecutor
from gridctl.executors.kubernetes.preflight import cluster as of
from gridctl.executors.kubernetes.preflight.queue import queue
from gridctl.executors.kubernetes.preflight.resource_policy import what_to_change
from gridctl.experiment import Experiment
from gridctl.terminal.console import count
from gridctl_trainer.contract.errors import Fault, StoreError
from gridctl_trainer.contract.fields.quantity import parse_quantity
from gridctl_trainer.storage.base import open_store
from gridctl_trainer.storage.s3.environment import read_s3_environment


def diagnose(experiment: Experiment) -> Iterator[Check]:
    """Check the cluster in the order in which runs need it; then data in buckets."""
    yield from _cluster(experiment)
    yield from data_checks(experiment)


def _cluster(experiment: Experiment) -> Iterator[Check]:
    try:
        executor = KubernetesExecutor(experiment, open_store(experiment.store))
    except KubeconfigError as fault:
        yield failed("kubeconfig", fault)
        return
    except StoreError:
        executor = KubernetesExecutor(experiment, open_store("."))  # the store has a line of its own
    yield (first := guarded("cluster", lambda: of.server(executor.api)))
    if first.state == "failed":
        return
    yield (namespace := guarded("namespace", lambda: of.namespace(executor.api)))
    options = experiment.kubernetes
    if namespace.state == "failed":
        yield Check("rights, Jobs, Secrets, claims", "unknown", "not looked at: they would lie in that namespace")
    else:
        yield from _in_namespace(experiment, executor)
    yield guarded("GPUs and nodes", lambda: of.nodes(executor.api, options))
    if image := options.image:
        yield guarded("image", lambda: of.image(executor.api, image))


def _in_namespace(experiment: Experiment, executor: KubernetesExecutor) -> Iterator[Check]:
    options = experiment.kubernetes
    yield guarded("rights", lambda: of.rights(executor.api))
    yield guarded("jobs and pods", lambda: _judged(experiment, executor))
    if options.secret:
        yield guarded("secret", lambda: _secret(experiment, executor, str(options.secret)))
    keys: dict[str, list[str]] = {}
    for source in options.secret_env.values():
        keys.setdefault(source.secret, []).append(source.key)
    for name in sorted(keys):
        yield guarded(f"secret {name}", lambda name=name: _secret_keys(executor, name, keys[name]))  # type: ignore[misc]
    yield from _store_access(experiment, executor)
    claims = {volume.claim for volume in options.volumes.values()}
    if options.data_cache and options.data_cache.claim:
        claims.add(options.data_cache.claim)
    for claim in sorted(claims):
        yield guarded(f"claim {claim}", lambda claim=claim: of.claim(executor.api, claim))  # type: ignore[misc]
    if options.queue:
        yield guarded("queue", lambda: queue(executor.api, str(options.queue)))
    with contextlib.suppress(InputError):  # said of the Jobs already
        yield from executor.contents(experiment.runs)


def _secret(experiment: Experiment, executor: KubernetesExecutor, name: str) -> Check:
    fix = f"kubectl -n {executor.api.namespace} create secret generic {name} --from-literal=KEY=..."
    if experiment.store.startswith("s3://"):
        fix = executor.secret_command(read_s3_environment(experiment.store)).create()
    return of.secret(executor.api.namespace, executor.secrets.of(name), fix)


def _secret_keys(executor: KubernetesExecutor, name: str, keys: Iterable[str]) -> Check:
    return of.secret_keys(executor.api.namespace, executor.secrets.of(name), keys)


def _store_access(experiment: Experiment, executor: KubernetesExecutor) -> Iterator[Check]:
    try:
        yield from (found.check for found in executor.store_access(experiment.runs))
    except InputError:
        return  # said of the Jobs already
    except Fault as fault:
        yield failed("pods' settings", fault)


def _judged(experiment: Experiment, executor: KubernetesExecutor) -> Check:
    verdicts = executor.judge(experiment.runs)
    problems = [problem for verdict in verdicts for problem in verdict.problems]
    shapes = f"{count(len(experiment.runs), 'run')} of {count(len(verdicts), 'shape')}"
    if problems:
        fix = what_to_change(problems[0]) or "look at `gridctl render` and the kubernetes section"
        return Check("jobs and pods", "failed", problems[0], fix)
    unasked = [text for verdict in verdicts for text in verdict.unasked]
    if unasked:
        return Check("jobs and pods", "unknown", f"{shapes}: Jobs are accepted; not asked {unasked[0]}")
    warnings = [text for verdict in verdicts for text in verdict.warnings] + _throttled(experiment)
    return Check(
        "jobs and pods", "ok", f"{shapes}: accepted" + (f", with a warning: {warnings[0]}" if warnings else "")
    )


def _throttled(experiment: Experiment) -> list[str]:
    """Whether runs have more threads than CPUs that they may use."""
    limit = experiment.kubernetes.limits.get("cpu")
    threads = max(run.training.threads for run in experiment.runs)
    if limit is None or threads <= parse_quantity(limit):
        return []
    share = "1 thread (training.threads) has" if threads == 1 else f"{threads} threads (training.threads) share"
    return [f"{share} a CPU limit of {limit}: raise kubernetes.cpu"]
