"""The Kubernetes backend: one Job a run, found again by its labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.backends.kubernetes.api import Api
from orchestrator.backends.kubernetes.connection import open_connection
from orchestrator.backends.kubernetes.faults import RefusedError
from orchestrator.backends.kubernetes.live import LiveExperiment
from orchestrator.backends.kubernetes.objects import Job
from orchestrator.backends.kubernetes.observation import (
    Paths,
    activities,
    list_failed_creates,
    list_jobs,
    list_pods,
    selector,
)
from orchestrator.backends.kubernetes.submission import Progress, Submission
from orchestrator.backends.port import Activity, Outcome
from orchestrator.experiment import Experiment
from orchestrator.manifest import RUN_LABEL, JobTemplate, gpus_of, shape_of
from trainer.contract.spec import RunSpec
from trainer.contract.store import Store

_NAMES_A_SELECTOR: Final = 50


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the API server says of Jobs of one shape.

    Attributes:
        runs: Run ids of that shape.
        problems: Why it refuses, or why its pods would not be created; empty if it accepts.
        warnings: What it warns of.
        unasked: What could not be asked, for lack of rights.
    """

    runs: tuple[str, ...]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()


class KubernetesBackend:
    """Executes attempts as pods of Jobs.

    Args:
        experiment: Names cluster, namespace and pods in its `kubernetes` section.
        store: Where the specifications are and the runs keep everything.
        progress: Told how many of how many Jobs are settled.

    Raises:
        UnreachableError: The kubeconfig is missing or not valid.
    """

    def __init__(self, experiment: Experiment, store: Store, *, progress: Progress | None = None) -> None:
        self._experiment = experiment
        self._store = store
        self._progress = progress
        options = experiment.kubernetes
        connection = open_connection(options.context, options.namespace, options.requests_at_once + 2)
        self.api = Api(connection)
        self._paths = Paths(self.api.namespace)
        self._seen: Mapping[str, Job] | None = None

    def observe(self, experiment: str) -> Mapping[str, Activity]:
        """What Jobs, pods and events say: two listings, and one more if some Job gets no pod."""
        jobs = list_jobs(self.api, experiment)
        self._seen = jobs
        pods = (
            list_pods(self.api, experiment)
            if any(not job.ended or job.counted_failures for job in jobs.values())
            else []
        )
        return activities(jobs, pods, lambda: list_failed_creates(self.api))

    def follow(self, experiment: str) -> LiveExperiment:
        """The same kept up to date, in a context: one listing of each kind, then a watch."""
        return LiveExperiment(self.api, experiment)

    def start(self, runs: Sequence[RunSpec]) -> Outcome:
        """Create a Job of each run. Ended Jobs that `observe` saw are replaced, active ones left.

        It may be killed at any point: doing it again creates what is missing, and nothing twice.
        """
        template = JobTemplate(self._experiment, self._store.url)
        manifests = [template.job(run) for run in runs]
        seen = self._seen if self._seen is not None else list_jobs(self.api, self._experiment.name)
        submission = Submission(self.api, seen, self._experiment.kubernetes.requests_at_once, self._progress)
        return submission.run(manifests)

    def judge(self, runs: Sequence[RunSpec]) -> list[Verdict]:
        """What the API server says of the runs' Jobs and their pods: one question of each for each distinct shape.

        A Job is accepted even if Pod Security or a quota will refuse its pods, so a pod is asked
        for as well. Nothing is created.
        """
        template = JobTemplate(self._experiment, self._store.url)
        by_shape: dict[str, list[RunSpec]] = {}
        for run in runs:
            by_shape.setdefault(shape_of(template.job(run)), []).append(run)
        return [self._judge(template, members) for members in by_shape.values()]

    def gpus(self, runs: Sequence[RunSpec]) -> int:
        """How many GPUs the runs ask for, all at once."""
        template = JobTemplate(self._experiment, self._store.url)
        return sum(gpus_of(template.job(run), self._experiment.kubernetes.gpu_resource) for run in runs)

    def cancel(self, run_ids: Sequence[str] | None = None) -> tuple[str, ...]:
        """Delete the Jobs that have not succeeded; their trainers make a checkpoint and end.

        Args:
            run_ids: Of this experiment; None for all of them: then it is one request.

        Returns:
            Runs that had a Job that was not ended.
        """
        wanted = None if run_ids is None else set(run_ids)
        jobs = list_jobs(self.api, self._experiment.name)
        active = [name for name, job in jobs.items() if not job.ended and (wanted is None or name in wanted)]
        for names in _selectors(self._experiment.name, run_ids):
            self._delete_collection(names, "status.successful=0")
        return tuple(active)

    def forget(self, run_ids: Sequence[str] | None = None) -> None:
        """Delete the Jobs, whatever became of them, and wait until their pods are gone."""
        for names in _selectors(self._experiment.name, run_ids):
            self._delete_collection(names, "")
            while self.api.get(self._paths.pods, labelSelector=names, limit="1").get("items"):
                self.api.pause(0.5)

    def _judge(self, template: JobTemplate, members: Sequence[RunSpec]) -> Verdict:
        job = template.job(members[0])
        pod_template = job["spec"]["template"]
        name = f"{members[0].run_id[:50]}-dry-run".replace("--", "-")
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**pod_template["metadata"], "name": name, "labels": {}},
            "spec": pod_template["spec"],
        }
        problems: list[str] = []
        warnings: dict[str, None] = {}
        unasked: list[str] = []
        job = {**job, "metadata": {**job["metadata"], "name": name}}
        for kind, path, body in (("Jobs", self._paths.jobs, job), ("pods", self._paths.pods, pod)):
            try:
                answer = self.api.request("POST", path, {"dryRun": "All", "fieldManager": "gridctl"}, body)
            except RefusedError as error:
                if error.status not in (400, 403, 409, 422):
                    raise
                if kind == "pods" and error.status == 403 and "cannot create" in error.message:
                    unasked.append("whether pods pass Pod Security and quota: you may not create pods")
                else:
                    problems.append(error.problems[0].what.replace(f' "{name}"', ""))
            else:
                warnings.update(dict.fromkeys(answer.warnings))
        return Verdict(tuple(run.run_id for run in members), tuple(problems), tuple(warnings), tuple(unasked))

    def _delete_collection(self, label_selector: str, field_selector: str) -> None:
        query = {"labelSelector": label_selector, "propagationPolicy": "Background"}
        if field_selector:
            query["fieldSelector"] = field_selector
        self.api.request("DELETE", self._paths.jobs, query)


def _selectors(experiment: str, run_ids: Iterable[str] | None) -> list[str]:
    """Label selectors of all runs of an experiment, or of some, a bounded number in each."""
    if run_ids is None:
        return [selector(experiment)]
    names = list(run_ids)
    return [
        f"{selector(experiment)},{RUN_LABEL} in ({','.join(names[start : start + _NAMES_A_SELECTOR])})"
        for start in range(0, len(names), _NAMES_A_SELECTOR)
    ]
