"""The limit of active Jobs holds on a cluster whose watch lags behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridctl.executors.base import Activity, Outcome
from gridctl.executors.kubernetes import max_active as limit
from gridctl.executors.kubernetes.max_active import ActiveJobLimit


class Cluster:
    """Jobs that end after this number of looks, and appear only after some looks."""

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
        names = tuple(manifest["metadata"]["name"] for manifest in manifests)
        self._born |= dict.fromkeys(names, self._looks)
        self.order += names
        self.most = max(self.most, self._active())
        return Outcome(created=names)

    def _active(self) -> int:
        return sum(1 for born in self._born.values() if self._looks - born < self._lasts)


def jobs(*names: str) -> list[Mapping[str, Any]]:
    return [{"metadata": {"name": name}} for name in names]


class Failing(Cluster):
    """Jobs that fail after this number of looks, with exceptions."""

    def __init__(self, why: Mapping[str, str], before: Sequence[str] = ()) -> None:
        super().__init__(lasts=2, lag=1)
        self._why = why
        self._before = dict.fromkeys(before, "why it failed the last time")

    def observe(self) -> Mapping[str, Activity]:
        known = super().observe()
        for name in known:
            if self._looks > self._born[name] + 3:
                self._before.pop(name, None)  # by now, the watch has noticed that it was replaced
        shown = {name: a if a.active else self._ended(name) for name, a in known.items()}
        return shown | {name: Activity(failed=True, reason=why) for name, why in self._before.items()}

    def _ended(self, name: str) -> Activity:
        why = self._why.get(name, "")
        return Activity(failed=bool(why), reason=why)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit, "_LOOK_EVERY_S", 0)


@given(jobs=st.integers(0, 20), max_active=st.integers(1, 5), lasts=st.integers(1, 4), lag=st.integers(0, 3))
def test_never_more_than_the_window_and_all_in_order(jobs: int, max_active: int, lasts: int, lag: int) -> None:
    cluster = Cluster(lasts, lag)
    manifests = [{"metadata": {"name": f"run-{number:02d}"}} for number in range(jobs)]
    outcome = ActiveJobLimit(cluster, cluster.create, max_active).run(manifests)
    assert cluster.order == [manifest["metadata"]["name"] for manifest in manifests]
    assert list(outcome.created) == cluster.order
    assert cluster.most <= max_active


def test_a_job_that_is_refused_takes_no_place() -> None:
    cluster = Cluster(lasts=1, lag=0)

    def refuse(manifests: Sequence[Mapping[str, Any]]) -> Outcome:
        return Outcome(failed={manifest["metadata"]["name"]: "exceeded quota" for manifest in manifests})

    outcome = ActiveJobLimit(cluster, refuse, 1).run(jobs("a", "b"))
    assert outcome.failed == {"a": "exceeded quota", "b": "exceeded quota"}


def test_ctrl_c_keeps_what_was_created() -> None:
    cluster = Cluster(lasts=100, lag=0)
    looks = 0

    def shown(done: int, total: int, active: int) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise KeyboardInterrupt

    outcome = ActiveJobLimit(cluster, cluster.create, 1, shown).run(jobs("a", "b"))
    assert outcome == Outcome(created=("a",), interrupted=True)


TEN = [f"run-{number}" for number in range(10)]


@pytest.mark.parametrize("max_active", [1, 3])
def test_no_more_are_created_once_the_first_failed_alike(max_active: int) -> None:
    cluster = Failing({name: f"cannot read /data/{name}: exit code 3" for name in TEN})
    outcome = ActiveJobLimit(cluster, cluster.create, max_active).run(jobs(*TEN))
    assert outcome.shared_cause is not None
    assert "cannot read /data/run-0" in outcome.shared_cause.message
    assert 3 <= len(outcome.created) < 10
    assert outcome.created + outcome.not_started == tuple(TEN)
    assert cluster.order == list(outcome.created)


@pytest.mark.parametrize(
    "why",
    [
        dict(zip(TEN, "abcdefghij", strict=True)),
        {name: "the same" for name in TEN if name != "run-0"},
        {"run-3": "the same", "run-7": "the same"},
    ],
    ids=["each for a reason of its own", "one was completed", "two of ten"],
)
def test_failures_that_share_nothing_or_are_few_stop_nobody(why: dict[str, str]) -> None:
    cluster = Failing(why)
    outcome = ActiveJobLimit(cluster, cluster.create, 1).run(jobs(*TEN))
    assert outcome == Outcome(created=tuple(TEN))


def test_failures_of_one_model_hold_back_its_own_runs_alone() -> None:
    models = {name: "small" if index % 2 else "large" for index, name in enumerate(TEN)}
    cluster = Failing({name: "out of memory" for name in TEN if models[name] == "large"})
    outcome = ActiveJobLimit(cluster, cluster.create, 2, models=models).run(jobs(*TEN))
    assert outcome.shared_cause is not None
    assert outcome.shared_cause.model == "large"
    assert {models[name] for name in outcome.not_started} == {"large"}
    assert {name for name in TEN if models[name] == "small"} <= set(outcome.created)


def test_what_failed_before_and_is_replaced_is_no_failure_of_this_submission() -> None:
    cluster = Failing({}, before=TEN)
    outcome = ActiveJobLimit(cluster, cluster.create, 4).run(jobs(*TEN))
    assert outcome == Outcome(created=tuple(TEN))
