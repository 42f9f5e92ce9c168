"""The Jobs and pods of one experiment at one moment: two listings, however many runs there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from gridctl.executors.base import Activity
from gridctl.executors.kubernetes.api.requests import Api
from gridctl.executors.kubernetes.manifest.job_template import EXPERIMENT_LABEL, RUN_LABEL
from gridctl.executors.kubernetes.status.activity import Causes, activity_of, is_living
from gridctl.executors.kubernetes.status.kueue_workloads import list_held_back
from gridctl.executors.kubernetes.status.node_state import NodeState, look_at_nodes
from gridctl.executors.kubernetes.status.objects import JOBS, PODS, STARTING, Job, Pod
from gridctl.executors.kubernetes.status.pod_wait import is_overdue
from gridctl.executors.kubernetes.status.warning_events import Warnings, list_warnings

_NAMES_IN_A_SELECTOR: Final = 50
_SLOW_START: Final = timedelta(minutes=1)
"""A pod that does not start for longer than this may have lost its node."""


@dataclass(frozen=True, slots=True)
class Paths:
    """API paths of a namespace."""

    namespace: str

    @property
    def jobs(self) -> str:
        return f"/apis/batch/v1/namespaces/{self.namespace}/jobs"

    @property
    def pods(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"


def selector(experiment: str) -> str:
    """Label selector of the Jobs and pods of an experiment."""
    return f"{EXPERIMENT_LABEL}={experiment}"


def selectors(experiment: str, run_ids: Iterable[str] | None) -> list[str]:
    """Label selectors of all runs of an experiment, or of some, a bounded number in each."""
    if run_ids is None:
        return [selector(experiment)]
    names = list(run_ids)
    return [
        f"{selector(experiment)},{RUN_LABEL} in ({','.join(names[start : start + _NAMES_IN_A_SELECTOR])})"
        for start in range(0, len(names), _NAMES_IN_A_SELECTOR)
    ]


def list_jobs(api: Api, experiment: str) -> dict[str, Job]:
    """All Jobs of an experiment, by run id.

    Raises:
        UnreachableError: The API server cannot be reached, or refuses.
    """
    listing = api.list_of(JOBS, Paths(api.namespace).jobs, labelSelector=selector(experiment))
    return {job.name: job for job in listing.items}


def list_pods(api: Api, experiment: str) -> list[Pod]:
    """All pods of an experiment that did not succeed.

    Raises:
        UnreachableError: The API server cannot be reached, or refuses.
    """
    return api.list_of(
        PODS, Paths(api.namespace).pods, labelSelector=selector(experiment), fieldSelector="status.phase!=Succeeded"
    ).items


@dataclass(frozen=True, slots=True)
class Sources:
    """Sources that are asked, once each, if something does not run.

    Attributes:
        warnings: Asked if some Job lacks a pod, or some pod has a problem.
        nodes: Asked about the nodes of pods that no longer report.
        held_back: Asked if Kueue holds some Job back.
    """

    warnings: Callable[[], Warnings]
    nodes: Callable[[Collection[str]], Mapping[str, NodeState]]
    held_back: Callable[[], Mapping[str, str]]

    @classmethod
    def of(cls, api: Api) -> Sources:
        """Those of an API server."""
        return cls(lambda: list_warnings(api), lambda names: look_at_nodes(api, names), lambda: list_held_back(api))


def activities(jobs: Mapping[str, Job], pods: Iterable[Pod], sources: Sources) -> dict[str, Activity]:
    """What is known about every run that has a Job.

    Args:
        jobs: By run id.
        pods: Of all of them.
        sources: Sources of causes.

    Raises:
        UnreachableError: The API server cannot be reached, or refuses.
    """
    by_job: dict[str, list[Pod]] = defaultdict(list)
    for pod in pods:
        by_job[pod.job].append(pod)
    current = [job for job in jobs.values() if not (job.ended or job.deleting)]
    unwell = [pod for job in current for pod in by_job[job.name] if _is_unwell(pod)]
    without = any(not (job.suspended or job.pods) for job in current)
    silent = {pod.node for pod in unwell if _is_silent(pod)}
    causes = Causes(
        warnings=sources.warnings() if without or unwell else {},
        nodes=sources.nodes(silent) if silent else {},
        held_back=sources.held_back() if any(job.suspended and job.queue for job in current) else {},
    )
    return {name: activity_of(job, by_job[name], causes) for name, job in jobs.items()}


def _is_unwell(pod: Pod) -> bool:
    """Whether its node may explain more than the pod."""
    if not (pod.node and is_living(pod)):
        return False
    if pod.deleting:
        return is_overdue(pod)
    return not pod.ready if pod.phase == "Running" else pod.waiting_reason in STARTING


def _is_silent(pod: Pod) -> bool:
    """Whether its node may have stopped reporting."""
    slow = datetime.now(UTC) - pod.created > _SLOW_START
    return pod.deleting or pod.phase == "Running" or slow or not pod.seen_by_node
