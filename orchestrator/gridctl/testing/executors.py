"""What every executor promises. A subclass names one, and pytest collects the promises:

from gridctl.testing.executors import ExecutorContract

class TestMine(ExecutorContract):
    executor = "mine"
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final

import pytest

import gridctl_start
from gridctl.executors.base import Executor, Outcome
from gridctl.executors.registry import descriptor_of, open_executor
from gridctl.experiment import Document, Experiment, parse_experiment
from gridctl.runs.cancellation import note_cancelled
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.records.run_result import ResultRecord
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store, open_store

_HEAVY: Final = ("torch", "cv2", "nibabel", "pydicom", "kubernetes")
_POLL_S: Final = 1.0

_GRID: Final = """\
name: contract
models: {{unet: {{channels: [4, 8], batch_size: 4}}}}
train_ratios: [0.5]
seeds: [1, 2]
data: {{train: {{dataset: acdc, path: {data}/acdc}}, size_px: 32}}
training: {{epochs: 1, threads: 1}}
backend: {executor}
"""


class ExecutorContract:
    """The promises, one test each. Two tiny runs are trained several times, which takes a minute or two.

    Attributes:
        executor: Name under which the executor is registered.
        section: YAML text to add to the experiment: the executor's own section, if it needs one.
        timeout_s: How long one run may take.
    """

    executor: ClassVar[str]
    section: ClassVar[str] = ""
    timeout_s: ClassVar[float] = 300.0

    @pytest.fixture(scope="class")
    @classmethod
    def data(cls, tmp_path_factory: pytest.TempPathFactory) -> str:
        """A folder in which `acdc` lies, or a bucket. Override it where runs train on other machines."""
        folder = tmp_path_factory.mktemp("data") / "phantom"
        made = [sys.executable, "-P", gridctl_start.__file__, "data", "phantom", str(folder)]
        subprocess.run([*made, "--patients", "4", "--slices", "2"], check=True, capture_output=True)
        return str(folder)

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        """An empty store for the runs. Override it where runs train on other machines."""
        return open_store(str(tmp_path / "runs"))

    @pytest.fixture
    def experiment(self, data: str) -> Experiment:
        """Two runs of one model."""
        text = _GRID.format(data=data, executor=self.executor) + self.section
        return parse_experiment(Document.parse(text, "contract.yaml"))

    @pytest.fixture
    def opened(self, experiment: Experiment, store: Store) -> Executor:
        """The executor, with the specification of every run in the store."""
        for run in experiment.runs:
            store.put(RunLayout(run.experiment, run.run_id).spec, run.to_json())
        return open_executor(self.executor, experiment, store)

    def test_its_descriptor_is_read_without_what_trains(self) -> None:
        """Submitting from a laptop stays fast, and needs no torch."""
        code = (
            "import sys; from gridctl.executors.registry import descriptor_of; "
            f"assert descriptor_of({self.executor!r}).summary; "
            f"heavy = {_HEAVY!r}; sys.exit(', '.join(name for name in heavy if name in sys.modules) or None)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def test_it_knows_of_no_run_that_was_never_started(self, opened: Executor, experiment: Experiment) -> None:
        """Else `submit` would leave it alone."""
        assert not any(known.active or known.failed for known in opened.observe(experiment.name).values())

    def test_no_runs_are_no_work(self, opened: Executor) -> None:
        """Submitting a finished grid starts nothing."""
        assert opened.start([]) == Outcome()

    def test_a_run_ends_with_its_result_in_the_store(self, opened: Executor, store: Store, run: RunSpec) -> None:
        """A finished run is no longer active, and is not trained again when it is submitted once more."""
        outcome = opened.start([run])
        assert (list(outcome.created), dict(outcome.failed)) == ([run.run_id], {})
        if not descriptor_of(self.executor).hands_over:
            assert list(outcome.done) == [run.run_id]
        self._wait(opened, [run])
        key = RunLayout(run.experiment, run.run_id).result
        result = store.get(key).data
        assert ResultRecord.of_run(run, result).run_id == run.run_id
        again = opened.start([run])
        assert not again.failed
        self._wait(opened, [run])
        assert store.get(key).data == result

    def test_one_that_cannot_train_fails_with_a_reason_and_the_others_go_on(
        self, opened: Executor, store: Store, experiment: Experiment
    ) -> None:
        """One failed run does not end the grid."""
        bad, good = experiment.runs
        store.put(RunLayout(bad.experiment, bad.run_id).spec, b"{}")
        outcome = opened.start([bad, good])
        self._wait(opened, [bad, good])
        assert store.exists(RunLayout(good.experiment, good.run_id).result)
        assert not store.exists(RunLayout(bad.experiment, bad.run_id).result)
        if descriptor_of(self.executor).hands_over:
            known = opened.observe(experiment.name)[bad.run_id]
            assert known.failed
            assert known.reason
        else:
            assert list(outcome.done) == [good.run_id]
            assert list(outcome.failed) == [bad.run_id]
            assert outcome.failed[bad.run_id]

    def test_a_run_that_was_cancelled_is_not_trained(self, opened: Executor, store: Store, run: RunSpec) -> None:
        """`gridctl cancel` records it in the store before a submission gets to the run."""
        note_cancelled(store, run.experiment, [run.run_id], at_once=1)
        outcome = opened.start([run])
        if not descriptor_of(self.executor).hands_over:  # else `submit` itself has taken the note away
            assert list(outcome.cancelled) == [run.run_id]
            assert not store.exists(RunLayout(run.experiment, run.run_id).result)

    @pytest.fixture
    def run(self, experiment: Experiment) -> RunSpec:
        """The first run."""
        return experiment.runs[0]

    def _wait(self, opened: Executor, runs: Sequence[RunSpec]) -> None:
        """Until none of them is active any more."""
        until = time.monotonic() + self.timeout_s
        while time.monotonic() < until:
            known = opened.observe(runs[0].experiment)
            if not any(run.run_id in known and known[run.run_id].active for run in runs):
                return
            time.sleep(_POLL_S)
        pytest.fail(f"still active after {self.timeout_s:.0f} s")
