"""The output of a run's pods."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from gridctl.executors.kubernetes.api.refusals import BUSY, RefusedError
from gridctl.executors.kubernetes.api.requests import Api, CutError
from gridctl.executors.kubernetes.status.objects import Job, Pod
from gridctl.executors.kubernetes.status.observation import Paths
from gridctl.executors.kubernetes.status.pod_end import one_line

_POLL_S = 1.0
_TAIL_LINES = 5
_TAIL_TIMEOUT_S = 5.0
_CUTS = 5
"""How often a connection may be cut before `lines` looks at the pod again."""


class PodLogs:
    """The log of a run's newest pod, and with `follow` of those that come after it."""

    def __init__(self, api: Api, run_id: str) -> None:
        self._api = api
        self._nodes = api.hasty()  # a node that does not answer is not worth a minute
        self._paths = Paths(api.namespace)
        self._run_id = run_id
        self._last_times: dict[str, str] = {}

    def lines(self, *, follow: bool) -> Iterator[str]:
        """Lines as they come, without line ends; none if no pod printed any, or its node does not answer.

        Args:
            follow: Wait for more, also from later attempts, until the Job has ended or is gone.

        Raises:
            UnreachableError: The API server cannot be reached, or refuses.
        """
        read: set[str] = set()
        while True:
            pod = self._newest_pod()
            if pod is not None and pod.uid not in read and pod.phase in ("Running", "Succeeded", "Failed"):
                whole = yield from self._read(pod, follow=follow)
                now = self._newest_pod()
                if whole and (now is None or now.uid != pod.uid or now.phase != "Running"):
                    read.add(pod.uid)
            elif follow and not self._is_waited_for():
                return
            elif follow:
                self._api.pause(_POLL_S)
            if not follow:
                return

    def last_line(self) -> str:
        """The last line that is not empty of the newest pod's log; empty if there is none.

        Raises:
            UnreachableError: The API server cannot be reached, or refuses.
        """
        pod = self._newest_pod()
        if pod is None or pod.phase != "Running":
            return ""
        query = {"container": "trainer", "tailLines": str(_TAIL_LINES)}
        found = list(self._nodes.lines(f"{self._paths.pods}/{pod.name}/log", query, read_timeout_s=_TAIL_TIMEOUT_S))
        return next((text for line in reversed(found) if (text := one_line(line.decode(errors="replace")))), "")

    def _read(self, pod: Pod, *, follow: bool) -> Generator[str, None, bool]:
        """Lines after the last one read; returns whether that is all that this pod has to say now."""
        for _ in range(_CUTS):
            try:
                yield from self._read_once(pod, follow=follow)
                return True
            except CutError:
                self._api.pause(_POLL_S)
            except RefusedError as error:
                if error.status not in (400, 404, *BUSY):
                    raise
                self._api.pause(_POLL_S)
                return error.status not in BUSY  # else it has no log, or none any more
        return False

    def _read_once(self, pod: Pod, *, follow: bool) -> Iterator[str]:
        query = {"container": "trainer", "timestamps": "true"}
        if follow:
            query["follow"] = "true"
        read_before = self._last_times.get(pod.uid, "")
        if read_before:
            query["sinceTime"] = read_before.partition(".")[0] + "Z"  # the API takes whole seconds
        for line in self._nodes.lines(f"{self._paths.pods}/{pod.name}/log", query):
            stamp, _, text = line.decode(errors="replace").partition(" ")
            time = _comparable(stamp)
            if time > read_before:
                self._last_times[pod.uid] = time
                yield text

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
