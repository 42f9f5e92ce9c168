"""`gridctl doctor`: everything a run needs, asked before a grid of them fails one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from gridctl.errors import UNREACHABLE, InputError, KubeconfigError, exit_code_of
from gridctl.executors.check import Check
from gridctl.executors.data_places import data_places, nothing_there
from gridctl.experiment import Experiment
from gridctl.terminal.console import count
from gridctl_trainer.contract.data_layout import CHECKSUMS
from gridctl_trainer.contract.errors import Fault, StoreError, first_shown
from gridctl_trainer.contract.fields.quantity import parse_quantity
from gridctl_trainer.contract.location import read_location
from gridctl_trainer.storage.base import open_store
from gridctl_trainer.storage.probe import probe

if TYPE_CHECKING:
    from gridctl.executors.kubernetes import KubernetesBackend


def examine(experiment: Experiment, *, with_preflight: bool = True) -> Iterator[Check]:
    """Look at everything that an experiment's runs need, in the order in which they need it.

    Nothing is left behind but data prepared in the cache: the store gets one object, which is deleted again.

    Args:
        experiment: The experiment.
        with_preflight: Whether the trainer of this machine looks at device, data and models, if it is to train.
    """
    if experiment.backend == "kubernetes":
        yield from _cluster(experiment)
    if experiment.backend == "local" and with_preflight:
        yield from _training_here(experiment)
    else:
        yield from _data(experiment)
    yield _guarded("store", lambda: _store(experiment))


def _cluster(experiment: Experiment) -> Iterator[Check]:
    from gridctl.executors.kubernetes import KubernetesBackend
    from gridctl.executors.kubernetes.preflight import cluster as of

    try:
        backend = KubernetesBackend(experiment, open_store(experiment.store))
    except KubeconfigError as fault:
        yield _failed("kubeconfig", fault)
        return
    except StoreError:
        backend = KubernetesBackend(experiment, open_store("."))  # the store has a line of its own
    yield (first := _guarded("cluster", lambda: of.server(backend.api)))
    if first.state == "failed":
        return
    yield (namespace := _guarded("namespace", lambda: of.namespace(backend.api)))
    options = experiment.kubernetes
    if namespace.state == "failed":
        yield Check("rights, Jobs, Secrets, claims", "unknown", "not looked at: they would lie in that namespace")
    else:
        yield from _in_namespace(experiment, backend)
    yield _guarded("GPUs and nodes", lambda: of.nodes(backend.api, options))
    if image := options.image:
        yield _guarded("image", lambda: of.image(backend.api, image))


def _in_namespace(experiment: Experiment, backend: KubernetesBackend) -> Iterator[Check]:
    from gridctl.executors.kubernetes.preflight import cluster as of
    from gridctl.executors.kubernetes.preflight.queue import queue

    options = experiment.kubernetes
    yield _guarded("rights", lambda: of.rights(backend.api))
    yield _guarded("jobs and pods", lambda: _judged(experiment, backend))
    if options.secret:
        yield _guarded("secret", lambda: _secret(experiment, backend, str(options.secret)))
    keys: dict[str, list[str]] = {}
    for source in options.secret_env.values():
        keys.setdefault(source.secret, []).append(source.key)
    for name in sorted(keys):
        yield _guarded(f"secret {name}", lambda name=name: _secret_keys(backend, name, keys[name]))  # type: ignore[misc]
    yield from _store_access(experiment, backend)
    claims = {volume.claim for volume in options.volumes.values()}
    if options.data_cache and options.data_cache.claim:
        claims.add(options.data_cache.claim)
    for claim in sorted(claims):
        yield _guarded(f"claim {claim}", lambda claim=claim: of.claim(backend.api, claim))  # type: ignore[misc]
    if options.queue:
        yield _guarded("queue", lambda: queue(backend.api, str(options.queue)))
    with contextlib.suppress(InputError):  # said of the Jobs already
        yield from backend.contents(experiment.runs)


def _secret(experiment: Experiment, backend: KubernetesBackend, name: str) -> Check:
    from gridctl.executors.kubernetes.preflight import cluster as of
    from gridctl_trainer.storage.s3.environment import read_s3_environment

    fix = f"kubectl -n {backend.api.namespace} create secret generic {name} --from-literal=KEY=..."
    if experiment.store.startswith("s3://"):
        fix = backend.secret_command(read_s3_environment(experiment.store)).create()
    return of.secret(backend.api.namespace, backend.secrets.of(name), fix)


def _secret_keys(backend: KubernetesBackend, name: str, keys: Iterable[str]) -> Check:
    from gridctl.executors.kubernetes.preflight import cluster as of

    return of.secret_keys(backend.api.namespace, backend.secrets.of(name), keys)


def _store_access(experiment: Experiment, backend: KubernetesBackend) -> Iterator[Check]:
    try:
        yield from (found.check for found in backend.store_access(experiment.runs))
    except InputError:
        return  # said of the Jobs already
    except Fault as fault:
        yield _failed("pods' settings", fault)


def _judged(experiment: Experiment, backend: KubernetesBackend) -> Check:
    from gridctl.executors.kubernetes.preflight.resource_policy import what_to_change

    verdicts = backend.judge(experiment.runs)
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


def _training_here(experiment: Experiment) -> Iterator[Check]:
    """What the trainer's own preflight finds, as `submit` asks for it before the first run."""
    from gridctl.executors.local.installation import require_trainer
    from gridctl.executors.local.preflight_report import checks

    try:
        require_trainer()
    except InputError as fault:
        yield _failed("trainer", fault)
        yield from _data(experiment)
        return
    try:
        yield from checks(experiment)
    except InputError as fault:
        yield _failed("trainer", fault)


def _data(experiment: Experiment) -> Iterator[Check]:
    """Every place of data that can be looked at from here: folders of this machine, and buckets."""
    for field, text in data_places(experiment):
        place = read_location(text)
        if place.is_remote:
            yield _guarded("data", lambda field=field, text=text: _bucket(experiment, field, text))  # type: ignore[misc]
        elif experiment.backend == "local" and place.folder.is_dir():
            yield Check("data", "ok", f"{place.folder.absolute()} is there")
        elif experiment.backend == "local":
            yield _nothing_there(experiment, field, text)


def _bucket(experiment: Experiment, field: str, url: str) -> Check:
    files, size_bytes = 0, 0
    for stat in open_store(url).list():
        if stat.key != CHECKSUMS:
            files, size_bytes = files + 1, size_bytes + stat.size_bytes
    if not files:
        return _nothing_there(experiment, field, url)
    return Check(
        "data", "ok", f"{url} has {count(files, 'file')}, {size_bytes / 1e9:.2f} GB, which each machine fetches once"
    )


def _nothing_there(experiment: Experiment, field: str, text: str) -> Check:
    problem = nothing_there(experiment, field, text)
    return Check("data", "failed", f"{problem.where}: {problem.what}", problem.fix)


def _store(experiment: Experiment) -> Check:
    store = open_store(experiment.store)
    notice = probe(store, experiment.name)
    said = f"{store.url} can be written, listed, read and deleted from here"
    return Check("store", "ok", f"{said}; {notice}" if notice else said)


def _guarded(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except Fault as fault:
        return _failed(name, fault)


def _failed(name: str, fault: Fault) -> Check:
    """One line of all that a fault says: the first problem with its place, the others after it."""
    first, *others = fault.problems
    with_place = isinstance(fault, InputError | KubeconfigError | StoreError)
    said = f"{first.where}: {first.what}" if with_place else first.what
    if others:
        said += "".join(f"; {text}" for text in first_shown([problem.what for problem in others]))
    fix = "; ".join(dict.fromkeys(filter(None, (problem.fix for problem in fault.problems))))
    return Check(name, "failed", said, fix, unreachable=exit_code_of(fault) == UNREACHABLE)
