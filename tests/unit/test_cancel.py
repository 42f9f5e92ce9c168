"""What a cancellation writes down, and when, beside what it stops."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from gridctl.commands import cancel as command
from gridctl.commands.lookup.experiments import Found
from gridctl.executors.base import Activity
from gridctl_trainer.contract.layout import RunLayout, experiment_cancelled
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import experiment


class Asking:
    """An executor whose sessions ask the store about each run, as the local one's do."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.noted_then: list[str] = []

    def observe(self, _: str) -> Mapping[str, Activity]:
        return {run.run_id: Activity(active=True, running=True) for run in self.found.experiment.runs}

    def cancel(self, run_ids: Sequence[str] | None = None) -> tuple[str, ...]:
        store = self.found.store
        layouts = [RunLayout(run.experiment, run.run_id) for run in self.found.experiment.runs]
        self.noted_then = [layout.run_id for layout in layouts if store.exists(layout.cancelled)]
        return tuple(run_ids or ())


class Ending(Asking):
    """An executor that ends all attempts by one request."""

    def __init__(self, found: Found) -> None:
        super().__init__(found)
        self.asked = threading.Event()
        self.submissions_end = False

    def active(self) -> Sequence[str]:
        return list(self.observe(""))

    def cancel_all(self) -> None:
        self.submissions_end = self.found.store.exists(experiment_cancelled(self.found.experiment.name))
        self.asked.set()


class WaitingStore(FolderStore):
    """Writes nothing about a run until somebody was asked to end it."""

    asked: threading.Event | None = None

    def put(self, key: str, data: bytes) -> str:
        if self.asked is not None and key.count("/") > 1:
            assert self.asked.wait(60)
        return super().put(key, data)


@pytest.fixture
def found(tmp_path: Path) -> Found:
    made = experiment(tmp_path / "data", f"store: {tmp_path / 'runs'}")
    return Found(made, WaitingStore(tmp_path / "runs"), "kubernetes", None)


def opened(monkeypatch: pytest.MonkeyPatch, executor: Asking) -> None:
    monkeypatch.setattr(command, "open_executor", lambda *_: executor)


def test_a_whole_experiment_ends_while_it_is_noted_of_each_run(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its submissions know before."""
    executor = Ending(found)
    opened(monkeypatch, executor)
    assert isinstance(found.store, WaitingStore)
    found.store.asked = executor.asked
    done = command.cancel(found)
    assert executor.submissions_end
    assert done.problem == ""
    assert sorted(done.run_ids) == sorted(run.run_id for run in found.experiment.runs)
    for run in found.experiment.runs:
        assert found.store.exists(RunLayout(run.experiment, run.run_id).cancelled)


def test_it_is_noted_of_each_run_before_attempts_that_ask_are_ended(
    found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = Asking(found)
    opened(monkeypatch, executor)
    command.cancel(found)
    assert executor.noted_then == [run.run_id for run in found.experiment.runs]


def test_some_runs_are_noted_before_they_are_ended(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else tells a submission of them."""
    executor = Ending(found)
    opened(monkeypatch, executor)
    some = found.experiment.runs[:2]
    command.cancel(found, some)
    assert executor.noted_then == [run.run_id for run in some]
    assert not executor.asked.is_set()
