"""`gridctl submit`: start what is missing, and nothing twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridctl.collection.gathered import Gathered
from gridctl.collection.specifications import StoredSpecifications
from gridctl.commands.collecting import gather_with_bar
from gridctl.commands.progress.states import machine_of, run_standings
from gridctl.commands.submission.changed_experiment import Change, find_changes
from gridctl.commands.submission.earlier_version import refuse_earlier_version, refuse_released_runs
from gridctl.commands.submission.missing_runs import Plan, plan
from gridctl.commands.submission.other_plugin_code import OtherCode, find_other_code
from gridctl.commands.submission.reuse_epochs import Reuse
from gridctl.executors.base import Executor
from gridctl.executors.capabilities import ChecksManifests
from gridctl.executors.data_places import require_data
from gridctl.executors.descriptor import ExecutorDescriptor
from gridctl.executors.model_check import check_named_models
from gridctl.executors.registry import descriptor_of, open_executor
from gridctl.experiment import Experiment
from gridctl.history.event import submit_event
from gridctl.history.record import append, read_history
from gridctl.history.seal import seal
from gridctl.runs.standing import Standing
from gridctl.runs.state import RunState
from gridctl.terminal import console
from gridctl_trainer.host.background import Background
from gridctl_trainer.storage.base import Store


@dataclass(frozen=True, slots=True)
class Prepared:
    """A submission that has not changed anything yet.

    Attributes:
        collected: What its store held.
        standings: Where every run stood, by run id.
        stored: Specifications of its runs that the store has.
        changes: Why runs not begun yet differ from the stored ones.
        other_code: Finished runs that were made by other code of a plugin than is installed here.
    """

    experiment: Experiment
    store: Store
    plan: Plan
    executor: Executor
    collected: Gathered
    standings: Mapping[str, Standing]
    stored: StoredSpecifications
    changes: Sequence[Change] = ()
    other_code: Sequence[OtherCode] = ()

    @property
    def descriptor(self) -> ExecutorDescriptor:
        """Of the executor."""
        return descriptor_of(self.experiment.backend, self.experiment)

    @property
    def reuse(self) -> dict[str, Reuse]:
        """What runs could go on from, by their ids."""
        return {run_id: reuse for change in self.changes for run_id, reuse in change.reuse.items()}


def prepare(experiment: Experiment, store: Store, *, retry_failed: bool, by_name: bool = False) -> Prepared:
    """Decide what a submission does.

    Args:
        experiment: What is wanted.
        store: Where its runs are kept.
        retry_failed: Whether failed runs are tried again.
        by_name: Whether folders of data have to look like the data sets, where no preflight will read them.

    Raises:
        InputError: A model's options or a Job of Kubernetes would not be valid, data are missing, or an earlier version
            of gridctl trained the experiment.
        Fault: The store or the backend cannot be reached.
    """
    refuse_released_runs(experiment, store)
    check_named_models(experiment)
    require_data(experiment, by_name=by_name)
    executor = open_executor(experiment.backend, experiment, store)
    if isinstance(executor, ChecksManifests):
        executor.manifests(experiment.runs[:1])  # mistakes of all of them, before any server is asked
    name = experiment.name
    known = Background(lambda: executor.observe(name))
    collected = gather_with_bar(store, experiment.runs)
    standings = run_standings(collected, known.result(), here=machine_of(experiment.backend), experiment=name)
    # A lost machine never says so, and its run must be resumed; a live one ends its attempt in favour of ours.
    states = {
        run_id: RunState.INTERRUPTED if standing.is_elsewhere else standing.state
        for run_id, standing in standings.items()
    }
    made = plan(experiment.runs, states, retry_failed=retry_failed)
    if isinstance(executor, ChecksManifests):
        executor.manifests(made.to_do)  # every mistake in them, before anything is written
    stored = StoredSpecifications(store, name)
    refuse_earlier_version(experiment, store, collected.others, stored)
    changes = find_changes(store, made.create, collected, stored)
    other = find_other_code(experiment.runs, collected)
    return Prepared(experiment, store, made, executor, collected, standings, stored, changes, other)


def add_to_history(prepared: Prepared) -> None:
    """Record what was declared and when. A failure is only noted: the runs matter more than their history."""
    store, experiment = prepared.store, prepared.experiment
    finished = sum(bool(row["finished"]) for row in prepared.collected.rows)
    event = submit_event(experiment, finished)
    if problem := append(store, experiment.name, read_history(store, experiment.name), event):
        console.say(f"note: the experiment's history cannot be kept, so a report cannot say what changed: {problem}")
    if said := seal(store, experiment, finished + len(prepared.collected.others)):
        console.say(f"note: {said}")
