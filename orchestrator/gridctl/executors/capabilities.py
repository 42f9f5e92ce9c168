"""What some executors can do and others cannot: commands ask for a capability, never for a name.

Those that work without an open executor are class methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from gridctl.executors.base import Activity, Outcome
from gridctl.executors.check import Check
from gridctl.experiment import Experiment
from gridctl_trainer.contract.spec import RunSpec


@runtime_checkable
class Cancels(Protocol):
    """Can cancel active runs."""

    def cancel(self, run_ids: Sequence[str] | None = None) -> tuple[str, ...]:
        """Have attempts write a checkpoint and end.

        Args:
            run_ids: Of this experiment; None for all of them.

        Returns:
            Runs that were active.
        """


@runtime_checkable
class CancelsAll(Cancels, Protocol):
    """Can cancel a whole experiment without any attempt asking the store what was cancelled.

    Submissions that go on elsewhere ask only whether the whole experiment was.
    """

    def active(self) -> Sequence[str]:
        """Ids of the runs that `observe` would call active, without why they wait."""

    def cancel_all(self) -> None:
        """As `cancel` for all runs."""


@runtime_checkable
class Forgets(Protocol):
    """Can remove everything that it keeps of runs; active ones end."""

    def forget(self, run_ids: Sequence[str] | None = None) -> None:
        """Remove it, and wait until nothing is left that could write into the store.

        Args:
            run_ids: Of this experiment; None for all of them.
        """


@runtime_checkable
class KeepsLogs(Protocol):
    """Has the output of a run before the store has it."""

    def log_lines(self, run_id: str, *, follow: bool) -> Iterator[str]:
        """Lines of the newest attempt as they come, without line ends; none if it printed nothing.

        Args:
            run_id: The run.
            follow: Wait for more, also from later attempts, until the run is no longer active.
        """


@runtime_checkable
class Prints(Protocol):
    """Can read the output of attempts before the store has anything of them."""

    def last_lines(self, run_ids: Sequence[str]) -> Mapping[str, str]:
        """The last line that each run's newest attempt has printed, by run id; without those that cannot be read."""


class LiveView(Protocol):
    """An experiment that is followed."""

    @property
    def problem(self) -> str:
        """Why the result of `observe` may be out of date; empty if it is not."""

    def observe(self) -> Mapping[str, Activity]:
        """What is known about its runs now, by run id."""


@runtime_checkable
class Follows(Protocol):
    """Can report changes, so that it need not be polled."""

    def follow(self, experiment: str) -> AbstractContextManager[LiveView]:
        """Follow an experiment until the context ends."""


@runtime_checkable
class ChecksManifests(Protocol):
    """Creates objects from manifests, and can check these first."""

    def manifests(self, runs: Sequence[RunSpec]) -> Sequence[Mapping[str, Any]]:
        """The manifests that `start` would use, checked.

        Raises:
            InputError: It would not be valid: every mistake at once.
        """


@dataclass(frozen=True, slots=True)
class DryRun:
    """What the backend says about runs that are not started.

    Attributes:
        details: Further keys of `--json`.
        lines: The same as text.
        refused: Whether some run would be refused.
    """

    details: Mapping[str, Any] = field(default_factory=dict)
    lines: Sequence[str] = ()
    refused: bool = False


@runtime_checkable
class DryRuns(Protocol):
    """Can ask whether runs would be accepted, without starting any."""

    def dry_run(self, runs: Sequence[RunSpec]) -> DryRun:
        """What the backend says about them."""


@runtime_checkable
class ChecksStart(Protocol):
    """Can find out in seconds why no run could train, before anything is written."""

    def check_start(self, runs: Sequence[RunSpec], *, verify: bool) -> Sequence[Check]:
        """What is likely wrong.

        Args:
            runs: Those to start.
            verify: Whether to refuse what is certainly wrong outside this machine; else it is only reported.

        Raises:
            InputError: Runs would fail for certain.
        """


@runtime_checkable
class Preflights(Protocol):
    """Can try out here what runs need, which takes a while."""

    def preflight(self, runs: Sequence[RunSpec]) -> None:
        """Check device, data and models, and report what was found.

        Raises:
            InputError: Some run would fail: every reason at once.
            InterruptedPreflightError: The user stopped it.
        """


@dataclass(frozen=True, slots=True)
class StartOptions:
    """How runs are started.

    Attributes:
        workers: Attempts at once, from `--workers`.
        max_active: Jobs active at once, from `--max-active`.
        tried: Whether a preflight has shown that the runs can train.
    """

    workers: int | None = None
    max_active: int | None = None
    tried: bool = False


@runtime_checkable
class ShowsStart(Protocol):
    """Shows progress while it starts or trains runs, and takes limits."""

    def start_shown(self, runs: Sequence[RunSpec], options: StartOptions) -> Outcome:
        """As `start`, with a display on standard error."""


@runtime_checkable
class StartsAsWritten(Protocol):
    """Can start some runs while specifications of others are still being uploaded."""

    def start_as_written(
        self, runs: Sequence[RunSpec], options: StartOptions, wait_for: Callable[[str], None]
    ) -> Outcome:
        """As `start_shown`.

        Args:
            runs: Those to start.
            options: How.
            wait_for: Returns when the specification of the run with this id is in the store. To be called before
                the run is started, from any thread; it raises StoreError if the store failed.

        Raises:
            StoreError: The store failed; some runs may be started.
        """


@runtime_checkable
class Diagnoses(Protocol):
    """Has further checks for `gridctl doctor` besides data and store."""

    @classmethod
    def diagnose(cls, experiment: Experiment, *, with_preflight: bool) -> Iterator[Check]:
        """Check everything that runs need except the store, in the order in which they need it, including the data.

        Args:
            experiment: Whose runs.
            with_preflight: Whether to run the preflight, which takes a while.
        """


@runtime_checkable
class Renders(Protocol):
    """Can show its manifest of each run as text, without asking a server."""

    @classmethod
    def render(cls, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Run id and text of each run, in the order of the grid.

        Raises:
            InputError: The experiment is incomplete or not valid.
        """


@runtime_checkable
class CountsGpus(Protocol):
    """Knows from the experiment how many GPUs a run asks for; otherwise the runs' logs say."""

    @classmethod
    def gpus_per_run(cls, experiment: Experiment) -> int:
        """How many."""


@runtime_checkable
class KnowsRunsAtOnce(Protocol):
    """Knows from the experiment how many runs train at a time."""

    @classmethod
    def runs_at_once(cls, experiment: Experiment) -> int:
        """How many by default."""
