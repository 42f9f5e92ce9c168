"""The window of active Jobs, over a cluster whose watch lags behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.backends.kubernetes import window
from orchestrator.backends.kubernetes.window import ActiveWindow
from orchestrator.backends.port import Activity, Outcome


class Cluster:
    """Jobs that end after so many looks, and that a look shows only after some others."""

    def __init__(self, lasts: int, lag: int) -> None:
        self._lasts = lasts
        self._lag = lag
        self._looks = 0
        self._born: dict[str, int] = {}
        self.order: list[str] = []
        self.most = 0
        self.problem = ""

    def observe(self) -> Mapping[str, Activity]:
        self._looks += 1
        self.most = max(self.most, self._active())
        return {
            name: Activity(active=self._looks - born < self._lasts)
            for name, born in self._born.items()
            if self._looks - born >= self._lag
        }

    def create(self, manifests: Sequence[Mapping[str, Any]]) -> Outcome:
        names = tuple(manifest["name"] for manifest in manifests)
        self._born |= dict.fromkeys(names, self._looks)
        self.order += names
        self.most = max(self.most, self._active())
        return Outcome(created=names)

    def _active(self) -> int:
        return sum(1 for born in self._born.values() if self._looks - born < self._lasts)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "_LOOK_EVERY_S", 0)


@given(jobs=st.integers(0, 20), max_active=st.integers(1, 5), lasts=st.integers(1, 4), lag=st.integers(0, 3))
def test_never_more_than_the_window_and_all_in_order(jobs: int, max_active: int, lasts: int, lag: int) -> None:
    cluster = Cluster(lasts, lag)
    manifests = [{"name": f"run-{number:02d}"} for number in range(jobs)]
    outcome = ActiveWindow(cluster, cluster.create, max_active).run(manifests)
    assert cluster.order == [manifest["name"] for manifest in manifests]
    assert list(outcome.created) == cluster.order
    assert cluster.most <= max_active


def test_a_job_that_is_refused_takes_no_place() -> None:
    cluster = Cluster(lasts=1, lag=0)

    def refuse(manifests: Sequence[Mapping[str, Any]]) -> Outcome:
        return Outcome(failed={manifest["name"]: "exceeded quota" for manifest in manifests})

    outcome = ActiveWindow(cluster, refuse, 1).run([{"name": "a"}, {"name": "b"}])
    assert outcome.failed == {"a": "exceeded quota", "b": "exceeded quota"}


def test_ctrl_c_keeps_what_was_created() -> None:
    cluster = Cluster(lasts=100, lag=0)
    looks = 0

    def shown(done: int, total: int, active: int) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise KeyboardInterrupt

    outcome = ActiveWindow(cluster, cluster.create, 1, shown).run([{"name": "a"}, {"name": "b"}])
    assert outcome == Outcome(created=("a",), interrupted=True)
