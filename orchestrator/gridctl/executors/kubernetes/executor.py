"""The Kubernetes executor: one Job per run, found by its labels."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from gridctl.collection.waiting_submission import WaitingNote
from gridctl.errors import UnreachableError
from gridctl.executors.base import Activity, Outcome
from gridctl.executors.capabilities import DryRun, StartOptions
from gridctl.executors.check import Check
from gridctl.executors.kubernetes.api.connection import open_connection
from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api, CutError, Json
from gridctl.executors.kubernetes.first_jobs import FirstJobs
from gridctl.executors.kubernetes.informer import ExperimentInformer
from gridctl.executors.kubernetes.job_creation import JobCreation, Progress
from gridctl.executors.kubernetes.logs import PodLogs
from gridctl.executors.kubernetes.manifest.job_template import JobTemplate, gpus_of, shape_of
from gridctl.executors.kubernetes.max_active import ActiveJobLimit, Shown
from gridctl.executors.kubernetes.one_job import WaitFor
from gridctl.executors.kubernetes.preflight.dry_run import Verdict, dry_run_of
from gridctl.executors.kubernetes.preflight.pod_contents import pod_contents
from gridctl.executors.kubernetes.preflight.resource_policy import limit_ranges_that_refuse
from gridctl.executors.kubernetes.status.objects import Job
from gridctl.executors.kubernetes.status.observation import (
    Paths,
    Sources,
    activities,
    list_jobs,
    list_pods,
    selector,
    selectors,
)
from gridctl.executors.kubernetes.store_access.comparison import compare, wanted_variables
from gridctl.executors.kubernetes.store_access.egress import compare_egress, network_policies
from gridctl.executors.kubernetes.store_access.endpoint import endpoint_of
from gridctl.executors.kubernetes.store_access.finding import StoreAccessFinding
from gridctl.executors.kubernetes.store_access.pod_environment import pod_environment
from gridctl.executors.kubernetes.store_access.requirement import likely_wrong
from gridctl.executors.kubernetes.store_access.secret_command import SecretCommand
from gridctl.executors.kubernetes.store_access.secret_keys import SecretKeys
from gridctl.experiment import Experiment
from gridctl.runs.cancellation import CancellationWatch
from gridctl.terminal.late_bar import with_late_bar
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.background import Background
from gridctl_trainer.host.cycle_search import without_cycle_search
from gridctl_trainer.storage.base import Store
from gridctl_trainer.storage.s3.environment import S3Environment, read_s3_environment

_RENDERING: Final = "rendering Jobs"
_FEW: Final = 50
"""More Jobs than these take long enough for the first to fail before the last is created."""


class KubernetesExecutor:
    """Executes attempts as pods of Jobs.

    Args:
        experiment: Names cluster, namespace and pods in its `kubernetes` section.
        store: Where the specifications are and the runs keep everything.

    Raises:
        UnreachableError: The kubeconfig is missing or not valid.
    """

    def __init__(self, experiment: Experiment, store: Store) -> None:
        self._experiment = experiment
        self._store = store
        options = experiment.kubernetes
        connection = open_connection(options.context, options.namespace, options.requests_at_once + 2)
        self.api = Api(connection)
        self._paths = Paths(self.api.namespace)
        self.secrets = SecretKeys(self.api)
        self._seen: Mapping[str, Job] | None = None
        self._manifests: dict[str, Json] = {}
        self._shapes: dict[str, str] = {}

    def observe(self, experiment: str) -> Mapping[str, Activity]:
        """The state of Jobs and pods: two listings. If some pod has a problem, also events, nodes and Kueue."""
        pods = Background(lambda: list_pods(self.api, experiment))
        jobs = list_jobs(self.api, experiment)
        self._seen = jobs
        return activities(jobs, pods.result(), Sources.of(self.api))

    def follow(self, experiment: str) -> ExperimentInformer:
        """The same kept up to date, in a context: one listing of each kind, then a watch."""
        return ExperimentInformer(self.api, experiment)

    def last_lines(self, run_ids: Sequence[str]) -> Mapping[str, str]:
        """The last line in the log of each run's pod; without those that cannot be read."""
        asked = [Background(PodLogs(self.api.once(), run_id).last_line) for run_id in run_ids]
        found: dict[str, str] = {}
        for run_id, line in zip(run_ids, asked, strict=True):
            with contextlib.suppress(UnreachableError, CutError):  # there is less to say then, as for any other run
                found[run_id] = line.result()
        return {run_id: line for run_id, line in found.items() if line}

    def manifests(self, runs: Sequence[RunSpec]) -> list[Json]:
        """The runs' Jobs, each rendered and checked once. Sends no request.

        Raises:
            InputError: The `kubernetes` section or the template is not valid.
        """
        new = [run for run in runs if run.run_id not in self._manifests]
        with without_cycle_search():
            for run in with_late_bar(new, _RENDERING):
                self._manifests[run.run_id] = self._template.job(run)
        return [self._manifests[run.run_id] for run in runs]

    @cached_property
    def _template(self) -> JobTemplate:
        return JobTemplate(self._experiment, self._store.url)

    def start(
        self, runs: Sequence[RunSpec], progress: Progress | None = None, wait_for: WaitFor | None = None
    ) -> Outcome:
        """Create one Job per run. Ended Jobs that `observe` saw are replaced, active ones left alone.

        It may be killed at any point: calling it again creates what is missing, and nothing twice.
        """
        manifests = self.manifests(runs)
        first_jobs = None
        if len(manifests) > _FEW:
            models = {run.run_id: run.model for run in runs}
            cancellation = self._cancellation()
            first_jobs = FirstJobs(self.api, self._experiment.name, models, cancellation)
        at_once = self._experiment.kubernetes.requests_at_once
        return JobCreation(self.api, self._jobs_before(), at_once, progress, wait_for, first_jobs).run(manifests)

    def _cancellation(self) -> CancellationWatch:
        return CancellationWatch(self._store, self._experiment.name, self._experiment.uploads_at_once)

    def _jobs_before(self) -> Mapping[str, Job]:
        """The experiment's Jobs, as `observe` saw them, or as they are now."""
        return self._seen if self._seen is not None else list_jobs(self.api, self._experiment.name)

    def start_some(
        self, runs: Sequence[RunSpec], max_active: int, shown: Shown | None = None, wait_for: WaitFor | None = None
    ) -> Outcome:
        """The same with a limit on the experiment's active Jobs: waits until the last is created."""
        manifests, at_once = self.manifests(runs), self._experiment.kubernetes.requests_at_once
        create = JobCreation(self.api, self._jobs_before(), at_once, wait_for=wait_for).run
        models = {run.run_id: run.model for run in runs}
        cancellation = self._cancellation()
        note = WaitingNote(self._store, self._experiment.name, max_active)
        with self.follow(self._experiment.name) as live:
            limit = ActiveJobLimit(live, create, max_active, shown, models, cancellation=cancellation, note=note)
            return limit.run(manifests)

    def start_as_written(self, runs: Sequence[RunSpec], options: StartOptions, wait_for: WaitFor) -> Outcome:
        """The same with a bar, each Job as soon as its specification is in the store.

        At most `max_active` Jobs at a time if that is asked for.
        """
        from gridctl.executors.kubernetes.creation_bar import creation_bar

        self.manifests(runs)  # now: they have a bar of their own
        with creation_bar(len(runs), options.max_active) as bar:
            if options.max_active is None:
                return self.start(runs, bar.created, wait_for)
            return self.start_some(runs, options.max_active, bar.created_and_active, wait_for)

    def check_start(self, runs: Sequence[RunSpec], *, verify: bool) -> Sequence[Check]:
        """What is likely wrong with how pods will reach the store, and what they seem to lack.

        Raises:
            InputError: No pod could reach the store.
            UnreachableError: The API server cannot be reached.
        """
        found = likely_wrong(self.store_access(runs), self._experiment.document, verify=verify)
        return [*found, *self.contents(runs)]

    def dry_run(self, runs: Sequence[RunSpec]) -> DryRun:
        """What the API server says about the runs' Jobs, and what their pods lack to reach the store."""
        verdicts, gpus = self.judge(runs), self.gpus(runs)
        return dry_run_of(verdicts, gpus, self.store_access(runs) if runs else (), self.contents(runs))

    def log_lines(self, run_id: str, *, follow: bool) -> Iterator[str]:
        """What the run's newest pod prints, and with `follow` those that come after it."""
        return PodLogs(self.api, run_id).lines(follow=follow)

    @classmethod
    def diagnose(cls, experiment: Experiment, *, with_preflight: bool) -> Iterator[Check]:
        """Cluster, rights, Secrets, claims, queue, nodes and image; then data in buckets."""
        from gridctl.executors.kubernetes.preflight.diagnosis import diagnose

        return diagnose(experiment)

    @classmethod
    def render(cls, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """The Job of each run as YAML.

        Raises:
            InputError: The `kubernetes` section or the template is not valid.
        """
        template = JobTemplate(experiment, experiment.store)
        return ((run.run_id, template.text(run)) for run in with_late_bar(experiment.runs, _RENDERING))

    @classmethod
    def gpus_per_run(cls, experiment: Experiment) -> int:
        """As the `kubernetes` section says."""
        return experiment.kubernetes.gpus

    def judge(self, runs: Sequence[RunSpec]) -> list[Verdict]:
        """What the API server says about the runs' Jobs and pods: one dry run of each for each distinct shape.

        A Job is accepted even if Pod Security or a quota will refuse its pods, so a pod is tried
        as well. Nothing is created.

        Raises:
            InputError: The `kubernetes` section or the template is not valid.
            UnreachableError: The API server cannot be reached.
        """
        return [self._judge(members) for members in with_late_bar(self._by_shape(runs), "asking the API server")]

    def store_access(self, runs: Sequence[RunSpec]) -> list[StoreAccessFinding]:
        """Whether the runs' pods will reach what lies in S3 as this process does; nothing is sent to S3.

        Raises:
            InputError: The `kubernetes` section or the template is not valid.
            StoreError: The AWS settings of this process are not valid.
            UnreachableError: The API server cannot be reached.
        """
        places = {found.path for run in runs for _, found in run.data.places}
        if not any(place.startswith("s3://") for place in {self._store.url, *places}):
            return []
        here = read_s3_environment(self._store.url)
        command = self.secret_command(here)
        policies = network_policies(self.api)
        found: dict[StoreAccessFinding, None] = {}
        for manifest, *_ in self._by_shape(runs):
            pods = pod_environment(manifest, self.secrets.of)
            found.update(dict.fromkeys(compare(here, pods, command)))
            labels = manifest["spec"]["template"]["metadata"].get("labels") or {}
            egress = compare_egress(policies, labels, endpoint_of(here, pods), self.api.namespace)
            found.update(dict.fromkeys(egress))
        return list(found)

    def contents(self, runs: Sequence[RunSpec]) -> list[Check]:
        """What the runs' pods seem to lack or to ask for needlessly, of data and GPUs. Sends no request.

        Raises:
            InputError: The `kubernetes` section or the template is not valid.
        """
        return pod_contents(self._experiment, runs, self.manifests(runs))

    def secret_command(self, here: S3Environment) -> SecretCommand:
        """How to make the store's Secret.

        Args:
            here: The settings of this process, which pods need.

        Raises:
            UnreachableError: The API server cannot be reached.
        """
        name = self._experiment.kubernetes.secret
        return SecretCommand(self.api.namespace, self.secrets.of(name) if name else None, wanted_variables(here))

    def gpus(self, runs: Sequence[RunSpec]) -> int:
        """How many GPUs the runs ask for, all at once.

        Raises:
            InputError: The `kubernetes` section or the template is not valid.
        """
        resource = self._experiment.kubernetes.gpu_resource
        return sum(gpus_of(manifest, resource) for manifest in self.manifests(runs))

    def cancel(self, run_ids: Sequence[str] | None = None) -> tuple[str, ...]:
        """Delete the Jobs that have not succeeded; their trainers write a checkpoint and end.

        Args:
            run_ids: Of this experiment; None for all of them: then it is one request.

        Returns:
            Runs that had a Job that was not ended.
        """
        wanted = None if run_ids is None else set(run_ids)
        jobs = list_jobs(self.api, self._experiment.name)
        active = [name for name, job in jobs.items() if not job.ended and (wanted is None or name in wanted)]
        for names in selectors(self._experiment.name, run_ids):
            self._delete_collection(names, "status.successful=0")
        return tuple(active)

    def active(self) -> Sequence[str]:
        """Runs whose Jobs have neither ended nor are being deleted: one listing."""
        jobs = list_jobs(self.api, self._experiment.name)
        return [name for name, job in jobs.items() if not (job.ended or job.deleting)]

    def cancel_all(self) -> None:
        """The same for all runs, in one request."""
        self._delete_collection(selector(self._experiment.name), "status.successful=0")

    def forget(self, run_ids: Sequence[str] | None = None) -> None:
        """Delete the Jobs in any state, and wait until their pods are gone."""
        for names in selectors(self._experiment.name, run_ids):
            self._delete_collection(names, "")
            while self.api.get(self._paths.pods, labelSelector=names, limit="1").get("items"):
                self.api.pause(0.5)

    def _by_shape(self, runs: Sequence[RunSpec]) -> list[list[Json]]:
        """The runs' Jobs, those together that the API server judges alike."""
        members: dict[str, list[Json]] = {}
        for manifest in self.manifests(runs):
            name = manifest["metadata"]["name"]
            if name not in self._shapes:
                self._shapes[name] = shape_of(manifest)
            members.setdefault(self._shapes[name], []).append(manifest)
        return list(members.values())

    def _judge(self, members: Sequence[Json]) -> Verdict:
        job = members[0]
        run_ids = tuple(member["metadata"]["name"] for member in members)
        name = f"{run_ids[0][:50].rstrip('-')}-dry-run"  # the Job itself may be there already
        pod_template = job["spec"]["template"]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**pod_template["metadata"], "name": name},
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
                    ranges = limit_ranges_that_refuse(self.api, error.message)
                    named = f" (LimitRange {', '.join(ranges)})" if ranges else ""
                    problems.append(error.problems[0].what.replace(f' "{name}"', "") + named)
            else:
                warnings.update(dict.fromkeys(answer.warnings))
        return Verdict(run_ids, tuple(problems), tuple(warnings), tuple(unasked))

    def _delete_collection(self, label_selector: str, field_selector: str) -> None:
        query = {"labelSelector": label_selector, "propagationPolicy": "Background"}
        if field_selector:
            query["fieldSelector"] = field_selector
        self.api.delete_all(self._paths.jobs, query)
