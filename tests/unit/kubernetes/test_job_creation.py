"""Many Jobs created over a few connections: none waits for another; failures of the first ones hold back the rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from gridctl.executors.kubernetes import first_jobs as looks
from gridctl.executors.kubernetes.api.listing import Kind, Listing
from gridctl.executors.kubernetes.api.refusals import refusal
from gridctl.executors.kubernetes.api.requests import StoppedWaiting
from gridctl.executors.kubernetes.first_jobs import FirstJobs
from gridctl.executors.kubernetes.job_creation import JobCreation
from gridctl.executors.kubernetes.manifest.job_template import DIGEST_ANNOTATION
from gridctl_trainer.contract.errors import StoreError

Json = Mapping[str, Any]

FORTY = [f"run-{number:02d}" for number in range(40)]


class Server:
    """An API server with Jobs, each of which may have failed with an exit code."""

    namespace = "default"

    def __init__(self, before: Callable[[str], None] = lambda _: None) -> None:
        self.jobs: dict[str, int | None] = {}
        self.listed: list[str] = []
        self._before = before

    def hasty(self) -> Server:
        return self

    def stop(self) -> None:
        pass

    def create(self, path: str, body: Json) -> None:
        assert path == "/apis/batch/v1/namespaces/default/jobs"
        name = body["metadata"]["name"]
        self._before(name)
        self.jobs[name] = None

    def list_of(self, kind: Kind[Any], path: str, **query: str) -> Listing[Any]:
        self.listed.append(path.rpartition("/")[2])
        failed = {name: code for name, code in self.jobs.items() if code}
        jobs = [_job(name, failed=name in failed) for name in self.jobs]
        pods = [_pod(name, code) for name, code in failed.items()]
        return Listing([kind.read(item) for item in (jobs if path.endswith("/jobs") else pods)], "1")


def _job(name: str, *, failed: bool) -> dict[str, Any]:
    ended = [{"type": "Failed", "status": "True", "reason": "PodFailurePolicy"}] if failed else []
    return {"metadata": {"name": name, "annotations": {DIGEST_ANNOTATION: name}}, "status": {"conditions": ended}}


def _pod(name: str, code: int) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"{name}-pod",
            "labels": {"job-name": name},
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "status": {
            "phase": "Failed",
            "containerStatuses": [{"name": "trainer", "state": {"terminated": {"exitCode": code}}}],
        },
    }


class Cancellation:
    """The store's word on whether the experiment was cancelled."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.noted: list[str] = []

    def is_cancelled(self) -> bool:
        return self.cancelled.is_set()

    def cancel(self, run_ids: Sequence[str]) -> None:
        self.noted += run_ids


def manifests(names: Sequence[str]) -> list[dict[str, Any]]:
    return [{"metadata": {"name": name, "annotations": {DIGEST_ANNOTATION: name}}} for name in names]


def creation(server: Server, at_once: int, cancellation: Cancellation | None = None, **more: Any) -> JobCreation:
    first = None
    if cancellation is not None:
        models = {name: "large" if int(name[-1]) % 2 else "small" for name in FORTY}
        first = FirstJobs(server, "demo", models, cancellation)  # type: ignore[arg-type]
    return JobCreation(server, {}, at_once, first_jobs=first, **more)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "_LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(looks, "_PAUSES_PER_LOOK", 1)


def test_a_slow_request_keeps_no_other_job_from_being_created() -> None:
    others = threading.Event()
    settled: list[int] = []

    def slow_first(name: str) -> None:
        if name == FORTY[0]:
            assert others.wait(30), "the others waited for it"
        elif len(server.jobs) == len(FORTY) - 2:
            others.set()

    server = Server(slow_first)
    outcome = creation(server, 2, progress=lambda done, _: settled.append(done)).run(manifests(FORTY))
    assert sorted(outcome.created) == FORTY
    assert not outcome.failed
    assert settled[-1] == len(FORTY)


def test_a_job_is_created_after_its_own_specification_whatever_becomes_of_the_others() -> None:
    stored: set[str] = set()

    def wait_for(name: str) -> None:
        if name == FORTY[5]:
            raise StoreError("the store is full", where=name)
        stored.add(name)

    server = Server()
    with pytest.raises(StoreError, match="full"):
        creation(server, 3, wait_for=wait_for).run(manifests(FORTY))
    assert server.jobs.keys() <= stored
    assert len(server.jobs) < 10


def test_the_fault_that_stopped_the_others_is_the_one_that_is_said() -> None:
    stopped = threading.Event()

    def wait_for(name: str) -> None:
        if name == FORTY[1]:
            stopped.set()
            time.sleep(0.1)
            raise StoreError("the store is full", where=name)
        assert stopped.wait(30)
        raise StoppedWaiting

    with pytest.raises(StoreError, match="full"):
        creation(Server(), 4, wait_for=wait_for).run(manifests(FORTY))


def test_a_refused_job_is_said_with_its_reason_and_the_others_are_created() -> None:
    def refuse(name: str) -> None:
        if name == FORTY[3]:
            raise refusal(422, b'{"message": "spec.template: Invalid value"}', where="https://cluster", tries=1)

    outcome = creation(Server(refuse), 4).run(manifests(FORTY))
    assert list(outcome.failed) == [FORTY[3]]
    assert sorted(outcome.created) == [name for name in FORTY if name != FORTY[3]]


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_jobs_of_a_model_whose_first_ones_failed_alike_are_held_back() -> None:
    def fail_some(name: str) -> None:
        if name == FORTY[10]:
            for index in (1, 3, 5):
                server.jobs[FORTY[index]] = 2
            until(lambda: server.listed.count("jobs") >= 2)  # the first look has held them back by then

    server = Server(fail_some)
    outcome = creation(server, 1, Cancellation()).run(manifests(FORTY))
    assert outcome.shared_cause is not None
    assert outcome.shared_cause.model == "large"
    assert outcome.not_started == tuple(FORTY[11::2])
    assert set(outcome.created) == set(FORTY) - set(outcome.not_started)


def test_as_long_as_few_pods_failed_the_jobs_are_not_listed() -> None:
    def fail_two(name: str) -> None:
        if name == FORTY[10]:
            server.jobs |= {FORTY[1]: 2, FORTY[2]: 2}
            looks_before = len(server.listed)
            until(lambda: len(server.listed) > looks_before + 2)

    server = Server(fail_two)
    outcome = creation(server, 1, Cancellation()).run(manifests(FORTY))
    assert list(outcome.created) == FORTY
    assert set(server.listed) == {"pods"}


def test_a_cancelled_experiment_gets_no_more_jobs_and_they_are_noted_as_cancelled() -> None:
    def cancel(name: str) -> None:
        if name == FORTY[10]:
            cancellation.cancelled.set()
            until(lambda: cancellation.noted)

    cancellation = Cancellation()
    outcome = creation(Server(cancel), 1, cancellation).run(manifests(FORTY))
    assert list(outcome.created) == FORTY[:11]
    assert list(outcome.cancelled) == cancellation.noted == FORTY[11:]


def test_ctrl_c_keeps_what_was_created() -> None:
    def interrupt(done: int, total: int) -> None:
        if done >= 3:
            raise KeyboardInterrupt

    server = Server(lambda _: time.sleep(0.01))
    outcome = creation(server, 2, progress=interrupt).run(manifests(FORTY))
    assert outcome.interrupted
    assert sorted(outcome.created) == sorted(server.jobs)
    assert 3 <= len(outcome.created) < len(FORTY)
