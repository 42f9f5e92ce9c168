"""What some executors can do and others cannot: commands ask for a capability, never for a name.

Those of an experiment that nobody has opened an executor for are class methods.
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
    """Can end what is active."""

    def cancel(self, run_ids: Sequence[str] | None = None) -> tuple[str, ...]:
        """Have attempts make a checkpoint and end.

        Args:
            run_ids: Of this experiment; None for all of them.

        Returns:
            Runs that were active.
        """


@runtime_checkable
class Forgets(Protocol):
    """Can remove what it keeps of runs, also of active ones, which end by that."""

    def forget(self, run_ids: Sequence[str] | None = None) -> None:
        """Remove it, and wait until nothing is left that could write into the store.

        Args:
            run_ids: Of this experiment; None for all of them.
        """


@runtime_checkable
class KeepsLogs(Protocol):
    """Has what a run prints before the store has it."""

    def log_lines(self, run_id: str, *, follow: bool) -> Iterator[str]:
        """Lines of the newest attempt as they come, without their ends; none if it printed nothing.

        Args:
            run_id: The run.
            follow: Wait for more, over attempts, until the run is no longer active.
        """


@runtime_checkable
class Prints(Protocol):
    """Has what attempts print at a place that it can look at before the store has anything of them."""

    def last_lines(self, run_ids: Sequence[str]) -> Mapping[str, str]:
        """The last line that each run's newest attempt has printed, by run id; without those that cannot be read."""


class LiveView(Protocol):
    """An experiment that is followed."""

    @property
    def problem(self) -> str:
        """Why what `observe` gives may be old; empty if it is fresh."""

    def observe(self) -> Mapping[str, Activity]:
        """What is known of its runs now, by run id."""


@runtime_checkable
class Follows(Protocol):
    """Can tell of changes, so that it need not be asked again and again."""

    def follow(self, experiment: str) -> AbstractContextManager[LiveView]:
        """Follow an experiment until the context ends."""


@runtime_checkable
class ChecksManifests(Protocol):
    """Hands documents over, and can check them before it does."""

    def manifests(self, runs: Sequence[RunSpec]) -> Sequence[Mapping[str, Any]]:
        """What `start` would hand over, checked.

        Raises:
            InputError: It would not be valid: every mistake at once.
        """


@dataclass(frozen=True, slots=True)
class DryRun:
    """What the place says of runs that are not started.

    Attributes:
        details: Further keys of `--json`.
        lines: The same for people.
        refused: Whether some run would not be taken.
    """

    details: Mapping[str, Any] = field(default_factory=dict)
    lines: Sequence[str] = ()
    refused: bool = False


@runtime_checkable
class DryRuns(Protocol):
    """Can ask whether runs would be taken, without starting any."""

    def dry_run(self, runs: Sequence[RunSpec]) -> DryRun:
        """What the place says of them."""


@runtime_checkable
class ChecksStart(Protocol):
    """Can tell in seconds why no run could train, before anything is written."""

    def check_start(self, runs: Sequence[RunSpec], *, verify: bool) -> Sequence[Check]:
        """What is likely wrong.

        Args:
            runs: Those to start.
            verify: Whether to refuse what is certainly wrong outside of this machine; else it is only said.

        Raises:
            InputError: Runs would fail for certain.
        """


@runtime_checkable
class Preflights(Protocol):
    """Can try here what runs need, which takes a while."""

    def preflight(self, runs: Sequence[RunSpec]) -> None:
        """Look at device, data and models, and say what was found.

        Raises:
            InputError: Some run would fail: every reason at once.
            InterruptedPreflightError: The user stopped it.
        """


@dataclass(frozen=True, slots=True)
class StartOptions:
    """How runs are started.

    Attributes:
        workers: Of `--workers`: attempts at once.
        max_active: Of `--max-active`: Jobs active at once.
        tried: Whether a preflight has shown that the runs can train.
    """

    workers: int | None = None
    max_active: int | None = None
    tried: bool = False


@runtime_checkable
class ShowsStart(Protocol):
    """Shows how far it is while it starts or trains runs, and takes limits."""

    def start_shown(self, runs: Sequence[RunSpec], options: StartOptions) -> Outcome:
        """As `start`, with a display on standard error."""


@runtime_checkable
class StartsAsWritten(Protocol):
    """Can start some runs while specifications of others are still on their way into the store."""

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
    """Has more for `gridctl doctor` to look at than data and store."""

    @classmethod
    def diagnose(cls, experiment: Experiment, *, with_preflight: bool) -> Iterator[Check]:
        """Look at all that runs need but the store, in the order in which they need it: also the data.

        Args:
            experiment: Whose runs.
            with_preflight: Whether a preflight may take its time.
        """


@runtime_checkable
class Renders(Protocol):
    """Can show as text what it hands over for each run, without asking anybody."""

    @classmethod
    def render(cls, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Run id and text of each run, in the order of the grid.

        Raises:
            InputError: The experiment says too little, or what is not valid.
        """


@runtime_checkable
class CountsGpus(Protocol):
    """Knows from the experiment how many GPUs a run asks for; elsewhere the runs' logs tell."""

    @classmethod
    def gpus_per_run(cls, experiment: Experiment) -> int:
        """How many."""


@runtime_checkable
class KnowsRunsAtOnce(Protocol):
    """Knows from the experiment how many runs train at a time."""

    @classmethod
    def runs_at_once(cls, experiment: Experiment) -> int:
        """How many, if nothing else is asked for."""
