"""The Jobs and pods of one experiment at one moment: two listings, however many runs there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from orchestrator.backends.kubernetes.activity import activity_of, failed_create_events
from orchestrator.backends.kubernetes.api import Api
from orchestrator.backends.kubernetes.objects import Job, Pod
from orchestrator.backends.port import Activity
from orchestrator.manifest import EXPERIMENT_LABEL


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the API server has what belongs to a namespace."""

    namespace: str

    @property
    def jobs(self) -> str:
        return f"/apis/batch/v1/namespaces/{self.namespace}/jobs"

    @property
    def pods(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"

    @property
    def events(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/events"


def selector(experiment: str) -> str:
    """What selects the Jobs and pods of an experiment."""
    return f"{EXPERIMENT_LABEL}={experiment}"


def list_jobs(api: Api, experiment: str) -> dict[str, Job]:
    """All Jobs of an experiment, by run id.

    Raises:
        UnreachableError: The API server cannot be reached, or refuses.
    """
    items = api.list(Paths(api.namespace).jobs, labelSelector=selector(experiment)).items
    return {job.name: job for job in map(Job.from_json, items)}


def list_pods(api: Api, experiment: str) -> list[Pod]:
    """All pods of an experiment that did not succeed.

    Raises:
        UnreachableError: The API server cannot be reached, or refuses.
    """
    listing = api.list(
        Paths(api.namespace).pods, labelSelector=selector(experiment), fieldSelector="status.phase!=Succeeded"
    )
    return [Pod.from_json(item) for item in listing.items]


def activities(
    jobs: Mapping[str, Job], pods: Iterable[Pod], failed_creates: Callable[[], Mapping[str, str]]
) -> dict[str, Activity]:
    """What is known of every run that has a Job.

    Args:
        jobs: By run id.
        pods: Of all of them.
        failed_creates: Called, once, if some Job has no pod and ought to.

    Raises:
        UnreachableError: The API server cannot be reached, or refuses.
    """
    by_job: dict[str, list[Pod]] = defaultdict(list)
    for pod in pods:
        by_job[pod.job].append(pod)
    without = [job.name for job in jobs.values() if not (job.ended or job.suspended or job.pods)]
    events = failed_creates() if without else {}
    return {name: activity_of(job, by_job[name], events.get(name, "")) for name, job in jobs.items()}


def list_failed_creates(api: Api) -> dict[str, str]:
    """Why Jobs of the namespace could not create pods, by name of the Job.

    Raises:
        UnreachableError: The API server cannot be reached, or refuses.
    """
    listing = api.list(Paths(api.namespace).events, fieldSelector="reason=FailedCreate,involvedObject.kind=Job")
    return failed_create_events(listing.items)
