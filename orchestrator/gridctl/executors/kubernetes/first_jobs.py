"""What became of the first Jobs of a large submission while the others are created: should they be?"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from gridctl.errors import UnreachableError
from gridctl.executors.base import Activity
from gridctl.executors.kubernetes.api.requests import Api
from gridctl.executors.kubernetes.status.objects import PODS
from gridctl.executors.kubernetes.status.observation import Paths, Sources, activities, list_jobs, list_pods, selector
from gridctl.runs.cancellation import CancellationWatch
from gridctl.runs.shared_cause import NEEDED, Ended, SharedCause, shared_cause

_LOOK_EVERY_S: Final = 1.0
_PAUSES_PER_LOOK: Final = 10
"""The pause before a look is at least so many times as long as the last one took."""


class FirstJobs:
    """Asked now and then while Jobs are created: whether the first ones failed alike, and whether all were cancelled.

    As long as few pods have failed it asks for these alone, which is quick however many Jobs there are.

    Args:
        api: The API server.
        experiment: Its name.
        models: Model of each run, by run id.
        cancellation: Tells whether the whole experiment was cancelled meanwhile.
    """

    def __init__(self, api: Api, experiment: str, models: Mapping[str, str], cancellation: CancellationWatch) -> None:
        self._api = api.hasty()
        self._experiment = experiment
        self._models = models
        self._cancellation = cancellation
        self.pause_s = _LOOK_EVERY_S
        self.is_cancelled = cancellation.is_cancelled
        self.note_cancelled = cancellation.cancel

    def stop(self) -> None:
        """Wait for no answer any more: pauses raise StoppedWaiting."""
        self._api.stop()

    def model_of(self, run_id: str) -> str:
        """Model of a run; empty if it does not matter."""
        return self._models.get(run_id, "")

    def shared_cause(self, created: Sequence[str]) -> SharedCause | None:
        """Why the first Jobs of this submission failed, if all for one reason and none was completed.

        Args:
            created: Names of those that were created, in their order.

        Raises:
            StoppedWaiting: `stop` was called.
        """
        began = time.monotonic()
        try:
            if len(self._with_failed_pods(created)) < NEEDED:
                return None
            known = activities(
                list_jobs(self._api, self._experiment), list_pods(self._api, self._experiment), _NO_SOURCES
            )
        except UnreachableError:
            return None  # creating the others says why
        finally:
            self.pause_s = max(_LOOK_EVERY_S, _PAUSES_PER_LOOK * (time.monotonic() - began))
        return cause_of(created, known, self._models)

    def _with_failed_pods(self, created: Collection[str]) -> set[str]:
        listing = self._api.list_of(
            PODS,
            Paths(self._api.namespace).pods,
            labelSelector=selector(self._experiment),
            fieldSelector="status.phase=Failed",
        )
        return {pod.job for pod in listing.items} & set(created)


_NO_SOURCES: Final = Sources(warnings=dict, nodes=lambda _: {}, held_back=dict)
"""Why something waits does not matter here."""


def cause_of(
    created: Sequence[str], known: Mapping[str, Activity], models: Mapping[str, str], stale: Collection[str] = ()
) -> SharedCause | None:
    """Why Jobs of a submission failed, if all for one reason and none was completed.

    Args:
        created: Names of its Jobs, in the order of their creation.
        known: What is known about them.
        models: Model of each run, by run id.
        stale: Jobs about which what is known may be older than their creation.
    """
    ended = []
    for name in created:
        activity = known.get(name)
        if activity is not None and not activity.active and name not in stale:
            said = activity.reason or "failed" if activity.failed else ""
            ended.append(Ended(name, models.get(name, ""), said))
    return shared_cause(ended, models.values())
