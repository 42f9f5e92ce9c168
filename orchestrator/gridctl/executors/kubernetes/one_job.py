"""Makes sure that the Job of one run exists, whatever is there under its name."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.executors.kubernetes.api.requests import Api, Json
from gridctl.executors.kubernetes.manifest.job_template import DIGEST_ANNOTATION
from gridctl.executors.kubernetes.status.objects import Job
from gridctl.executors.kubernetes.status.observation import Paths

WaitFor = Callable[[str], None]

_LONGEST_DELETION_S: Final = 60.0


class OneJob:
    """Creates single Jobs. Thread-safe.

    Args:
        api: The API server.
        existing: The experiment's Jobs, as listed before.
        wait_for: Called with a run's id before its Job is created: returns when its specification is in the store.
    """

    def __init__(self, api: Api, existing: Mapping[str, Job], wait_for: WaitFor | None = None) -> None:
        self._api = api
        self._paths = Paths(api.namespace)
        self._existing = existing
        self._wait_for = wait_for

    def settle(self, manifest: Json) -> str:
        """Make sure that a Job exists: an ended one is replaced, an active one left alone.

        Returns:
            Why it cannot exist, since another one has its name; empty if it does.

        Raises:
            RefusedError: The API server refuses it.
            UnreachableError: The API server cannot be reached.
            StoreError: Its specification cannot be put into the store.
        """
        name = manifest["metadata"]["name"]
        known = self._existing.get(name)
        if known is not None and known.digest != manifest["metadata"]["annotations"][DIGEST_ANNOTATION]:
            return _another(name)
        if known is not None and not known.ended and not known.deleting:
            return ""
        if self._wait_for:
            self._wait_for(name)
        if known is not None and known.ended:
            self._delete(known)
        return self._create(manifest)

    def _create(self, manifest: Json) -> str:
        until = time.monotonic() + _LONGEST_DELETION_S
        name = manifest["metadata"]["name"]
        while True:
            try:
                self._api.create(self._paths.jobs, manifest)
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
