"""The life of Jobs and pods on a real cluster, with a few lines of Python in place of the trainer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gridctl.executors.base import Activity
from gridctl.executors.kubernetes.status.objects import Job
from gridctl.executors.kubernetes.status.observation import list_jobs
from gridctl.experiment import Experiment
from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.contract.spec import RUN_ID_MAX_LENGTH
from tests.cluster.conftest import Cluster, backend
from tests.waiting import wait_for

Make = Callable[..., Experiment]
Stub = Callable[[str], str]

SLEEPS = "import time; print('began', flush=True); time.sleep(600)"

ONE_MODEL = "models={unet: {channels: [4, 8]}}"

STOPS_IN_ORDER = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
time.sleep(600)
"""


def jobs_of(experiment: Experiment) -> dict[str, Job]:
    return list_jobs(backend(experiment).api, experiment.name)


def status_of(cluster: Cluster, experiment: Experiment, run_id: str) -> dict[str, Any]:
    path = f"/apis/batch/v1/namespaces/{experiment.kubernetes.namespace}/jobs/{run_id}"
    status: dict[str, Any] = cluster.get(path).get("status", {})
    return status


def pods_of(cluster: Cluster, experiment: Experiment) -> list[dict[str, Any]]:
    path = f"/api/v1/namespaces/{experiment.kubernetes.namespace}/pods"
    return [pod for pod in cluster.get(path)["items"] if "deletionTimestamp" not in pod["metadata"]]


def activity(experiment: Experiment, condition: Callable[[Activity], object]) -> Activity:
    """The Job of the first run, as soon as it meets a condition."""
    one = backend(experiment)
    run_id = experiment.runs[0].run_id

    def look() -> Activity | None:
        known = one.observe(experiment.name).get(run_id)
        return known if known is not None and condition(known) else None

    found: Activity = wait_for(look)
    return found


def test_a_job_a_run_and_nothing_twice(experiment: Make, stub: Stub) -> None:
    made = experiment(stub(SLEEPS))
    first = backend(made).start(made.runs)
    before = {name: job.uid for name, job in jobs_of(made).items()}
    again = backend(made).start(made.runs)
    assert sorted(first.created) == sorted(run.run_id for run in made.runs) == sorted(before)
    assert not first.failed
    assert not again.failed
    assert {name: job.uid for name, job in jobs_of(made).items()} == before
    activity(made, lambda known: known.running)


def test_two_submissions_at_once_make_one_job_a_run(experiment: Make, stub: Stub) -> None:
    made = experiment(stub(SLEEPS), "seeds=[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "kubernetes.cpu=1m")
    with ThreadPoolExecutor(3) as threads:
        outcomes = list(threads.map(lambda _: backend(made).start(made.runs), range(3)))
    assert [outcome.failed for outcome in outcomes] == [{}, {}, {}]
    assert sorted(jobs_of(made)) == sorted(run.run_id for run in made.runs)


def test_ended_jobs_are_replaced_only_if_they_had_ended_when_looked_at(experiment: Make, stub: Stub) -> None:
    made = experiment(stub("raise SystemExit(2)"), "seeds=[1]", ONE_MODEL)
    looked = backend(made)
    looked.observe(made.name)  # there is no Job yet
    backend(made).start(made.runs)
    activity(made, lambda known: known.failed)
    (before,) = jobs_of(made).values()
    looked.start(made.runs)
    (left,) = jobs_of(made).values()
    assert left.uid == before.uid
    seeing = backend(made)
    seeing.observe(made.name)
    seeing.start(made.runs)
    (after,) = jobs_of(made).values()
    assert after.uid != before.uid


def test_a_job_of_the_same_name_for_something_else_is_not_touched(
    cluster: Cluster, experiment: Make, stub: Stub
) -> None:
    made = experiment(stub(SLEEPS), "seeds=[1]")
    one = backend(made)
    manifest = one.manifests(made.runs)[0]
    other = {**manifest, "metadata": {**manifest["metadata"], "annotations": {"gridctl/spec-digest": "another"}}}
    cluster.create(f"/apis/batch/v1/namespaces/{made.kubernetes.namespace}/jobs", other)
    outcome = one.start(made.runs)
    assert list(outcome.failed) == [made.runs[0].run_id]
    assert "another specification" in outcome.failed[made.runs[0].run_id]
    assert jobs_of(made)[made.runs[0].run_id].digest == "another"


@pytest.mark.parametrize("exit_code", [2, 3])
def test_what_would_fail_again_fails_the_job_at_once(
    cluster: Cluster, experiment: Make, stub: Stub, exit_code: int
) -> None:
    made = experiment(stub(f"raise SystemExit({exit_code})"), "seeds=[1]")
    backend(made).start(made.runs)
    known = activity(made, lambda known: known.failed)
    assert f"exit code {exit_code}" in known.reason
    assert "not retried" in known.reason
    status = status_of(cluster, made, made.runs[0].run_id)
    assert status["failed"] == 1
    assert [c["reason"] for c in status["conditions"] if c["type"] == "Failed"] == ["PodFailurePolicy"]


def test_a_bug_is_retried_and_counted(cluster: Cluster, experiment: Make, stub: Stub) -> None:
    made = experiment(stub("raise SystemExit(1)"), "seeds=[1]", "kubernetes.retries=1")
    backend(made).start(made.runs)
    known = activity(made, lambda known: known.failed)
    assert known.reason.startswith("failed 2 times, kubernetes.retries is 1; last: exit code 1")
    assert status_of(cluster, made, made.runs[0].run_id)["failed"] == 2


def test_a_killed_process_is_counted(cluster: Cluster, experiment: Make, stub: Stub) -> None:
    made = experiment(stub("import os; os.kill(os.getpid(), 9)"), "seeds=[1]", "kubernetes.retries=0")
    backend(made).start(made.runs)
    known = activity(made, lambda known: known.failed)
    assert "killed (exit code 137)" in known.reason


@pytest.mark.parametrize("how", ["delete", "evict"])
@pytest.mark.parametrize("script", [STOPS_IN_ORDER, SLEEPS], ids=["with a handler", "without a handler"])
def test_deletion_and_eviction_are_not_counted(
    cluster: Cluster, experiment: Make, stub: Stub, how: str, script: str
) -> None:
    made = experiment(stub(script), "seeds=[1]", ONE_MODEL, "kubernetes.retries=0")
    backend(made).start(made.runs)
    activity(made, lambda known: known.running)
    (pod,) = pods_of(cluster, made)
    path = f"/api/v1/namespaces/{made.kubernetes.namespace}/pods/{pod['metadata']['name']}"
    if how == "delete":
        cluster.delete(path)
    else:
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod["metadata"]["name"]}}
        cluster.create(f"{path}/eviction", eviction)
    wait_for(lambda: [p for p in pods_of(cluster, made) if p["metadata"]["uid"] != pod["metadata"]["uid"]])
    activity(made, lambda known: known.running)
    assert status_of(cluster, made, made.runs[0].run_id).get("failed", 0) == 0


def test_a_queue_holds_a_run_back_and_lets_it_go(cluster: Cluster, experiment: Make, stub: Stub) -> None:
    """Kueue preempts by suspending the Job, which does not set DisruptionTarget."""
    made = experiment(stub(STOPS_IN_ORDER), "seeds=[1]", "kubernetes.retries=0")
    backend(made).start(made.runs)
    activity(made, lambda known: known.running)
    job = f"/apis/batch/v1/namespaces/{made.kubernetes.namespace}/jobs/{made.runs[0].run_id}"
    cluster.patch(job, {"spec": {"suspend": True}})
    held = activity(made, lambda known: known.active and not known.running)
    assert "queue" in held.reason
    wait_for(lambda: status_of(cluster, made, made.runs[0].run_id).get("terminating", 0) == 0)
    cluster.patch(job, {"spec": {"suspend": False}})
    activity(made, lambda known: known.running)
    assert status_of(cluster, made, made.runs[0].run_id).get("failed", 0) == 0


WAITING = {
    "no GPU": ("kubernetes.gpus=7", "Insufficient nvidia.com/gpu"),
    "no such node": ("kubernetes.gpu_product=Unobtainium", "didn't match Pod's node affinity/selector"),
    "quota": ("kubernetes.gpus=60", "exceeded quota"),
    "no image": ("kubernetes.image=no-such-image:1", "is it pushed, under the name in kubernetes.image?"),
    "no Secret": ("kubernetes.secret=no-such-secret", 'secret "no-such-secret" not found'),
    "no account": ("kubernetes.service_account=nobody", 'serviceaccount "nobody" not found'),
    "no claim": ("kubernetes.volumes={/data: {claim: no-such-claim}}", 'persistentvolumeclaim "no-such-claim" not'),
}


@pytest.mark.parametrize(("assignment", "reason"), WAITING.values(), ids=WAITING.keys())
def test_why_a_run_waits_is_said(experiment: Make, stub: Stub, assignment: str, reason: str) -> None:
    made = experiment(stub(SLEEPS), assignment, "seeds=[1]", ONE_MODEL)
    backend(made).start(made.runs)
    known = activity(made, lambda known: reason in known.reason)
    assert known.active
    assert not known.running
    assert "\n" not in known.reason


def test_what_pod_security_refuses_is_said(experiment: Make, stub: Stub) -> None:
    assignment = stub(SLEEPS)
    from pathlib import Path

    path = Path(assignment.partition("=")[2])
    path.write_text(path.read_text().replace("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"))
    made = experiment(assignment, "seeds=[1]")
    (verdict,) = backend(made).judge(made.runs)
    assert any("restricted" in problem for problem in verdict.problems)
    backend(made).start(made.runs)
    known = activity(made, lambda known: "violates PodSecurity" in known.reason)
    assert known.reason.startswith("cannot create its pod: ")


def test_all_that_waits_for_one_reason_says_it_alike(experiment: Make, stub: Stub) -> None:
    made = experiment(stub(SLEEPS), "kubernetes.gpus=60")
    one = backend(made)
    one.start(made.runs)

    def reasons() -> set[str]:
        return {known.reason for known in one.observe(made.name).values()}

    wait_for(lambda: len(reasons()) == 1 and "exceeded quota" in next(iter(reasons())))


def test_cancel_ends_what_is_active_and_nothing_else(cluster: Cluster, experiment: Make, stub: Stub) -> None:
    script = "import sys, time; time.sleep(0 if '-s1-' in sys.argv[2] else 600)"
    made, other = experiment(stub(script)), experiment(stub(SLEEPS), name="demo-2")
    backend(made).start(made.runs)
    backend(other).start(other.runs)
    wait_for(lambda: sum(job.ended == "Complete" for job in jobs_of(made).values()) == 2)
    cancelled = backend(made).cancel()
    assert sorted(cancelled) == sorted(run.run_id for run in made.runs if run.seed == 2)
    assert sorted(jobs_of(made)) == sorted(run.run_id for run in made.runs if run.seed == 1)
    assert len(jobs_of(other)) == len(other.runs)
    wait_for(lambda: {p["metadata"]["labels"]["gridctl/experiment"] for p in running(cluster, made)} <= {"demo-2"})


def test_cancel_of_one_run(experiment: Make, stub: Stub) -> None:
    made = experiment(stub(SLEEPS))
    backend(made).start(made.runs)
    wanted = made.runs[0].run_id
    assert backend(made).cancel([wanted]) == (wanted,)
    assert sorted(jobs_of(made)) == sorted(run.run_id for run in made.runs[1:])


def running(cluster: Cluster, experiment: Experiment) -> list[dict[str, Any]]:
    return [pod for pod in pods_of(cluster, experiment) if pod["status"].get("phase") in ("Pending", "Running")]


def test_forget_waits_until_no_pod_is_left(cluster: Cluster, experiment: Make, stub: Stub) -> None:
    made = experiment(stub(STOPS_IN_ORDER))
    one = backend(made)
    one.start(made.runs)
    activity(made, lambda known: known.running)
    one.forget()
    assert jobs_of(made) == {}
    assert cluster.get(f"/api/v1/namespaces/{made.kubernetes.namespace}/pods")["items"] == []


def test_the_longest_name_gives_pods_that_start(experiment: Make, stub: Stub) -> None:
    assignments = (stub(SLEEPS), "seeds=[1]", ONE_MODEL)
    rest = len(experiment(*assignments, name="x").runs[0].run_id) - 1
    longest = "x" * (RUN_ID_MAX_LENGTH - rest)
    made = experiment(*assignments, name=longest)
    assert len(made.runs[0].run_id) == RUN_ID_MAX_LENGTH
    backend(made).start(made.runs)
    activity(made, lambda known: known.running)
    with pytest.raises(Exception, match="shorten the experiment's name") as caught:
        experiment(*assignments, name=longest + "x")
    assert not isinstance(caught.value, SpecError)  # the error is about the file and names the line
    assert "experiment.yaml:2" in str(caught.value)


def test_render_is_what_the_server_takes(cluster: Cluster, experiment: Make) -> None:
    import yaml

    from gridctl.commands.render import as_stream, render_jobs

    made = experiment("kubernetes.queue=research", "kubernetes.priority_class=system-node-critical")
    documents = list(yaml.safe_load_all(as_stream(render_jobs(made))))
    assert [document["metadata"]["name"] for document in documents] == [run.run_id for run in made.runs]
    for document in documents:
        path = f"/apis/batch/v1/namespaces/{made.kubernetes.namespace}/jobs"
        cluster.api.request("POST", path, {"dryRun": "All", "fieldValidation": "Strict"}, document)


def test_one_question_for_each_distinct_shape(experiment: Make) -> None:
    made = experiment("training.threads=2", "seeds=[1, 2, 3]")
    (verdict,) = backend(made).judge(made.runs)
    assert sorted(verdict.runs) == sorted(run.run_id for run in made.runs)
    assert not verdict.problems
    two = experiment("models={unet: {threads: 1}, gamma_net: {threads: 2}}", "data.size_px=64", "kubernetes.gpus=2")
    assert len(backend(two).judge(two.runs)) == 2
    assert backend(two).gpus(two.runs) == 8
