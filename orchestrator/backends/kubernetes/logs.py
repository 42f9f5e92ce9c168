"""What a run's pods print."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.backends.kubernetes.api import Api
from orchestrator.backends.kubernetes.faults import RefusedError
from orchestrator.backends.kubernetes.objects import Job, Pod
from orchestrator.backends.kubernetes.observation import Paths

_POLL_S = 1.0


class PodLogs:
    """The log of a run's newest pod, and with `follow` of those that come after it."""

    def __init__(self, api: Api, run_id: str) -> None:
        self._api = api
        self._paths = Paths(api.namespace)
        self._run_id = run_id
        self._last_time = ""

    def lines(self, *, follow: bool) -> Iterator[str]:
        """Lines as they come, without their ends; none if there is no pod that printed.

        Args:
            follow: Wait for more, over attempts, until the Job has ended or is gone.

        Raises:
            UnreachableError: The API server cannot be reached, or refuses.
        """
        read: set[str] = set()
        while True:
            pod = self._newest_pod()
            if pod is not None and pod.uid not in read and pod.phase in ("Running", "Succeeded", "Failed"):
                yield from self._read(pod, follow=follow)
                now = self._newest_pod()
                if now is None or now.uid != pod.uid or now.phase != "Running":
                    read.add(pod.uid)
                    self._last_time = ""
            elif follow and not self._is_waited_for():
                return
            elif follow:
                self._api.pause(_POLL_S)
            if not follow:
                return

    def _read(self, pod: Pod, *, follow: bool) -> Iterator[str]:
        """Lines after the last one read: a connection that was cut is taken up again."""
        query = {"container": "trainer", "timestamps": "true"}
        if follow:
            query["follow"] = "true"
        if self._last_time:
            query["sinceTime"] = self._last_time.partition(".")[0] + "Z"  # the API takes whole seconds
        try:
            for line in self._api.lines(f"{self._paths.pods}/{pod.name}/log", query):
                stamp, _, text = line.decode(errors="replace").partition(" ")
                time = _comparable(stamp)
                if time > self._last_time:
                    self._last_time = time
                    yield text
        except RefusedError as error:
            if error.status not in (400, 404):  # has no log yet, or is gone
                raise
            self._api.pause(_POLL_S)

    def _newest_pod(self) -> Pod | None:
        listing = self._api.list(self._paths.pods, labelSelector=f"batch.kubernetes.io/job-name={self._run_id}")
        pods = [Pod.from_json(item) for item in listing.items]
        return max(pods, key=lambda pod: (pod.created, pod.name), default=None)

    def _is_waited_for(self) -> bool:
        """Whether another pod may come."""
        try:
            job = Job.from_json(self._api.get(f"{self._paths.jobs}/{self._run_id}"))
        except RefusedError as error:
            if error.status == 404:
                return False
            raise
        return not (job.ended or job.deleting)


def _comparable(stamp: str) -> str:
    """A time of RFC 3339 in UTC, whose fraction has no trailing zeros, with all nine digits: sorts as text."""
    seconds, _, fraction = stamp.rstrip("Z").partition(".")
    return f"{seconds}.{fraction:0<9}"
