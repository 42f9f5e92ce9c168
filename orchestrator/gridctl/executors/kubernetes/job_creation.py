"""Creates many Jobs over some connections; if it is interrupted, calling it again completes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from gridctl.executors.base import Outcome
from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api, Json, StoppedWaiting
from gridctl.executors.kubernetes.first_jobs import FirstJobs
from gridctl.executors.kubernetes.job_queue import JobQueue
from gridctl.executors.kubernetes.one_job import OneJob, WaitFor
from gridctl.executors.kubernetes.status.objects import Job

Progress = Callable[[int, int], None]

_HEARS_EVERY_S: Final = 0.5


class JobCreation:
    """One call of `start`. No Job waits for another: each connection takes the next one as soon as it is free.

    Args:
        api: The API server.
        existing: The experiment's Jobs, as listed before.
        at_once: Most requests in flight.
        progress: Called with the number of Jobs settled and the total.
        wait_for: Called with a run's id before its Job is created: returns when its specification is in the store.
        first_jobs: Asked now and then whether the others should be created; None to create all of them.
    """

    def __init__(
        self,
        api: Api,
        existing: Mapping[str, Job],
        at_once: int,
        progress: Progress | None = None,
        wait_for: WaitFor | None = None,
        first_jobs: FirstJobs | None = None,
    ) -> None:
        self._api = api
        self._one = OneJob(api, existing, wait_for)
        self._at_once = at_once
        self._progress = progress
        self._first_jobs = first_jobs

    def run(self, manifests: Sequence[Json]) -> Outcome:
        """Create a Job of each manifest, in their order; those of active runs are left alone.

        Ctrl-C ends it after the requests in flight.

        Raises:
            UnreachableError: The API server cannot be reached, or allows none of this.
            StoreError: Specifications cannot be put into the store.
        """
        queue, interrupted = JobQueue(manifests), False
        with ThreadPoolExecutor(self._at_once + 1) as threads:
            working = min(self._at_once, len(manifests))
            try:
                for _ in range(working):
                    threads.submit(self._work, queue)
                if self._first_jobs is not None:
                    threads.submit(_look, queue, self._first_jobs)
                while working and queue.fault is None:
                    working -= queue.hear(_HEARS_EVERY_S)
                    if self._progress:
                        self._progress(len(queue.created) + len(queue.failed), len(manifests))
            except KeyboardInterrupt:
                interrupted = True
            finally:
                queue.end()
                if self._first_jobs is not None:
                    self._first_jobs.stop()
                if working:
                    self._api.stop()
        queue.hear(0)
        if queue.fault is not None and not interrupted:
            raise queue.fault
        return queue.outcome(interrupted=interrupted)

    def _work(self, queue: JobQueue) -> None:
        """Create Jobs as long as there are any."""
        try:
            while (manifest := queue.take()) is not None:
                queue.report(manifest["metadata"]["name"], self._settle(manifest))
        except BaseException as error:  # it is raised by the thread that hears of it
            queue.fail(error)
        finally:
            queue.report_end()

    def _settle(self, manifest: Json) -> str:
        """Make sure that a Job exists; returns why it does not if it cannot."""
        try:
            return self._one.settle(manifest)
        except RefusedError as error:
            if error.is_quota or error.status in (400, 422):
                return error.problems[0].what
            raise


def _look(queue: JobQueue, first_jobs: FirstJobs) -> None:
    """Keep from being created what should not be any more."""
    try:
        while not queue.over.wait(first_jobs.pause_s):
            if (cause := first_jobs.shared_cause(tuple(queue.created))) is not None:
                queue.hold_back(cause, first_jobs.model_of)
            if first_jobs.is_cancelled():
                first_jobs.note_cancelled(queue.cancel())
                return
    except StoppedWaiting:
        pass
    except BaseException as error:
        queue.fail(error)
