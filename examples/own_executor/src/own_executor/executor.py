"""Runs one trainer process after another."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from gridctl.executors.base import Activity, Outcome
from gridctl.experiment import Experiment
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.file_lock import FileLock, held_in, take
from gridctl_trainer.host.user_folders import state_folder
from gridctl_trainer.storage.base import Store
from own_executor.options import Options

_LOCK: Final = ".lock"


class OneByOne:
    """Trains each run in a separate process, and waits for it.

    Args:
        experiment: The experiment whose runs are trained.
        store: The store with their specifications, in which they keep everything.
        options: The section `one_by_one` of the experiment file.
    """

    def __init__(self, experiment: Experiment, store: Store, *, options: Options) -> None:
        self._experiment = experiment
        self._store = store
        self._niceness = options.niceness
        self._locks: Path = state_folder() / "one_by_one" / hashlib.sha256(store.url.encode()).hexdigest()[:16]

    def observe(self, experiment: str) -> Mapping[str, Activity]:
        """Report the run that is being trained: this command, or one in another terminal, holds its lock."""
        held = held_in(self._locks, _LOCK)
        return {run_id: Activity(active=True, running=True) for run_id in held if run_id.startswith(f"{experiment}-")}

    def start(self, runs: Sequence[RunSpec]) -> Outcome:
        """Train the runs. On Ctrl-C, the trainer makes a checkpoint, from which the same command continues."""
        created: list[str] = []
        done: list[str] = []
        failed: dict[str, str] = {}
        cancelled: list[str] = []
        left: list[str] = []
        for run in runs:
            if self._store.exists(RunLayout(run.experiment, run.run_id).cancelled):
                cancelled.append(run.run_id)
                continue
            lock = take(self._locks / f"{run.run_id}{_LOCK}")
            if lock is None:
                left.append(run.run_id)
                continue
            created.append(run.run_id)
            try:
                reason = self._train(run, lock)
            except KeyboardInterrupt:
                return Outcome(tuple(done), tuple(created), failed, tuple(cancelled), tuple(left), interrupted=True)
            finally:
                lock.release()
            if reason:
                failed[run.run_id] = reason
            else:
                done.append(run.run_id)
        return Outcome(tuple(done), tuple(created), failed, tuple(cancelled), tuple(left))

    @classmethod
    def runs_at_once(cls, experiment: Experiment) -> int:
        """Number of concurrent runs, with which `gridctl plan` estimates the time."""
        return 1

    def _train(self, run: RunSpec, lock: FileLock) -> str:
        """Train one run, and say why it is not done; empty if it is, which only its result tells."""
        layout = RunLayout(run.experiment, run.run_id)
        # -P prevents imports from the current folder. The trainer inherits the lock and holds it as long as it lives.
        trainer = ["nice", f"-n{self._niceness}", sys.executable, "-P", "-m", "gridctl_trainer", "run"]
        process = subprocess.Popen(
            [*trainer, f"{self._store.url}/{layout.spec}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=[] if lock.handle is None else [lock.handle],
        )
        try:
            _, said = process.communicate()
        except KeyboardInterrupt:  # the terminal has sent the signal to the trainer as well
            process.communicate()
            raise
        if self._store.exists(layout.result):
            return ""
        return said.rpartition("error: ")[2].strip() or f"exit code {process.returncode}"
