"""Creates many Jobs, some at a time; if it is interrupted, calling it again completes it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

from gridctl.executors.base import Outcome
from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api, Json
from gridctl.executors.kubernetes.manifest.job_template import DIGEST_ANNOTATION
from gridctl.executors.kubernetes.status.objects import Job
from gridctl.executors.kubernetes.status.observation import Paths

Progress = Callable[[int, int], None]
WaitFor = Callable[[str], None]

_LONGEST_DELETION_S: Final = 60.0


class JobCreation:
    """One call of `start`.

    Args:
        api: The API server.
        existing: The experiment's Jobs, as listed before.
        at_once: Most requests in flight.
        progress: Called with the number of Jobs settled and the total.
        wait_for: Called with a run's id before its Job is created: returns when its specification is in the store.
    """

    def __init__(
        self,
        api: Api,
        existing: Mapping[str, Job],
        at_once: int,
        progress: Progress | None = None,
        wait_for: WaitFor | None = None,
    ) -> None:
        self._api = api
        self._paths = Paths(api.namespace)
        self._existing = existing
        self._at_once = at_once
        self._progress = progress
        self._wait_for = wait_for

    def run(self, manifests: Sequence[Json]) -> Outcome:
        """Create a Job of each manifest, in their order; those of active runs are left alone.

        Ctrl-C ends it after the requests in flight.

        Raises:
            UnreachableError: The API server cannot be reached, or allows none of this.
            StoreError: Specifications cannot be put into the store.
        """
        created: list[str] = []
        failed: dict[str, str] = {}
        interrupted = False
        with ThreadPoolExecutor(self._at_once) as threads:
            waiting = iter(manifests)
            under_way: dict[Future[str], str] = {}
            try:
                while True:
                    while len(under_way) < self._at_once and (manifest := next(waiting, None)) is not None:
                        under_way[threads.submit(self._settle, manifest)] = manifest["metadata"]["name"]
                    if not under_way:
                        break
                    settled, _ = wait(under_way, return_when=FIRST_COMPLETED)
                    for future in settled:
                        run_id, problem = under_way.pop(future), future.result()
                        if problem:
                            failed[run_id] = problem
                        else:
                            created.append(run_id)
                    if self._progress:
                        self._progress(len(created) + len(failed), len(manifests))
            except KeyboardInterrupt:
                interrupted = True
                self._api.stop()
            except BaseException:
                self._api.stop()
                raise
        for future, run_id in under_way.items():
            if future.exception() is None and not future.result():
                created.append(run_id)
        return Outcome(created=tuple(created), failed=failed, interrupted=interrupted)

    def _settle(self, manifest: Json) -> str:
        """Make sure that the Job exists; returns why not if it cannot."""
        name = manifest["metadata"]["name"]
        known = self._existing.get(name)
        try:
            if known is not None and known.digest != manifest["metadata"]["annotations"][DIGEST_ANNOTATION]:
                return _another(name)
            if known is not None and not known.ended and not known.deleting:
                return ""
            if self._wait_for:
                self._wait_for(name)
            if known is not None and known.ended:
                self._delete(known)
            return self._create(manifest)
        except RefusedError as error:
            if error.is_quota or error.status in (400, 422):
                return error.problems[0].what
            raise

    def _create(self, manifest: Json) -> str:
        until = time.monotonic() + _LONGEST_DELETION_S
        name = manifest["metadata"]["name"]
        while True:
            try:
                self._api.request("POST", self._paths.jobs, {"fieldManager": "gridctl"}, manifest)
                return ""
            except RefusedError as error:
                if error.status != 409:
                    raise
            # It exists already: created by another client, or by a request of ours whose answer was lost.
            job = self._find(name)
            if job is None:
                continue
            if not job.deleting:
                same = job.digest == manifest["metadata"]["annotations"][DIGEST_ANNOTATION]
                return "" if same else _another(name)
            if time.monotonic() > until:
                return f"an older Job {name} is being deleted and does not go: look at its finalizers"
            time.sleep(0.2)

    def _find(self, name: str) -> Job | None:
        try:
            return Job.from_json(self._api.get(f"{self._paths.jobs}/{name}"))
        except RefusedError as error:
            if error.status == 404:
                return None
            raise

    def _delete(self, job: Job) -> None:
        """Remove an ended Job, unless it is another one by now."""
        body = {"propagationPolicy": "Background", "preconditions": {"uid": job.uid}}
        try:
            self._api.request("DELETE", f"{self._paths.jobs}/{job.name}", body=body)
        except RefusedError as error:
            if error.status not in (404, 409):
                raise


def _another(name: str) -> str:
    return f"there is a Job {name} for another specification: delete it, or use another kubernetes.namespace"
