"""`gridctl decide`: seeds are added in pairs until the comparison is decided or the budget is spent.

What was done so far is read from the store each time, so that it may be killed at any moment and called again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gridctl.analysis.compared_scores import as_scored
from gridctl.analysis.inference.decision import StoppingRule, stopping_rule
from gridctl.collection.collect import Collected, as_tables, collect
from gridctl.commands.deciding.batch import Batch, BatchOptions, stop_pending, train_seeds
from gridctl.commands.deciding.budget import Budget, budget_of, hours_spent
from gridctl.commands.deciding.look import Look, complete_seeds, look_at
from gridctl.commands.lookup.experiments import Found
from gridctl.commands.submission.carry_out import require_known_limits
from gridctl.commands.submission.submit import Prepared, prepare
from gridctl.errors import InputError
from gridctl.experiment import Experiment
from gridctl.terminal import console
from gridctl_trainer.storage.base import Store, open_store

Ending = Literal["decided", "budget", "failed", "unusable", "interrupted"]


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of it.

    Attributes:
        experiment, store: Name, and URL.
        ended: Why no more seeds are added: `decided`; `budget`, nothing is decided and no seed, look or hour is left;
            `failed`, a run failed; `unusable`, a pair is complete and cannot be tested; `interrupted`.
        says: The same in words.
        looks: Those that this command made, in order.
        seeds, most_seeds: Complete ones, and those of the budget.
        hours: Of training, as the store has it.
        cancelled: Run ids that were stopped because they are not needed any more.
        failed: Run ids and why.
        unreachable: Whether a run counts as failed because the store could not be asked about it.
    """

    experiment: str
    store: str
    ended: Ending
    says: str
    looks: Sequence[Look]
    seeds: int
    most_seeds: int
    hours: float
    cancelled: Sequence[str] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    unreachable: bool = False

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "experiment": self.experiment,
            "store": self.store,
            "ended": self.ended,
            "says": self.says,
            "looks": [look.to_json() for look in self.looks],
            "seeds": self.seeds,
            "most_seeds": self.most_seeds,
            "hours": round(self.hours, 4),
            "cancelled": list(self.cancelled),
            "failed": dict(self.failed),
        }


OnLook = Callable[[Look, str], None]
"""Is told of each look, and what is done next."""


def decide(
    experiment: Experiment,
    options: BatchOptions,
    *,
    max_seeds: int | None = None,
    max_hours: float | None = None,
    seeds_at_once: int = 1,
    retry_failed: bool = False,
    on_prepared: Callable[[Prepared], None] | None = None,
    on_look: OnLook | None = None,
) -> Decided:
    """Train seed after seed until the comparison is decided, or the budget is spent.

    Args:
        experiment: Its seeds are the most that are trained, in their order.
        options: How runs are started.
        max_seeds: Fewer seeds than that.
        max_hours: Hours of training, all attempts of all runs together.
        seeds_at_once: Seeds that train at a time where each may be looked at.
        retry_failed: Try failed runs again, once.
        on_prepared: Called before anything is written.
        on_look: Called after each look.

    Raises:
        InputError: Nothing can be decided as it is declared, or some run would fail.
        StoreError: The store cannot be reached.
        UnreachableError: The cluster cannot be reached.
    """
    rule, budget = stopping_rule(experiment), budget_of(experiment, max_seeds, max_hours)
    require_known_limits(experiment, options.workers, options.max_active)
    if seeds_at_once < 1:
        raise InputError(f"{seeds_at_once} at once would run nothing", where="--seeds-at-once", fix="give 1 or more")
    if rule.looks and rule.looks[0] > budget.seeds:
        raise InputError(
            f"the first declared look takes {rule.looks[0]} seeds, and the budget is {budget.seeds}",
            where="--max-seeds",
            fix=f"give {rule.looks[0]} or more",
        )
    store = open_store(experiment.store)
    _require_a_test(experiment, store)
    course = _Course(experiment, store, rule, budget, options, seeds_at_once, on_look)
    return course.run(retry_failed=retry_failed, on_prepared=on_prepared)


def _require_a_test(experiment: Experiment, store: Store) -> None:
    """Refuse a claim that has no test over the whole grid, by which alone it is decided.

    Raises:
        InputError: It is one about patients like these, of scores that are not kept for each patient.
    """
    known = collect(store, experiment.runs)
    scored = as_scored(experiment, known.runs, known.epochs, known.cases, known.measures)
    for index, item in enumerate(scored.compare):
        slices = [name for name in item.metrics if scored.measures[name].level == "slice"]
        if item.claim == "population" and slices:
            problem = experiment.document.problem(
                ("compare", index, "claim"),
                f"{slices[0]} has no score of each patient, so that nothing tests it for patients like these over the "
                "whole grid, and nothing can be decided",
                "compare a score of cases, such as dice, or declare `claim: cohort`",
            )
            raise InputError([problem])


class _Course:
    """Seeds being added."""

    def __init__(
        self,
        experiment: Experiment,
        store: Store,
        rule: StoppingRule,
        budget: Budget,
        options: BatchOptions,
        step: int,
        on_look: OnLook | None,
    ) -> None:
        self._experiment = experiment
        self._store = store
        self._rule = rule
        self._budget = budget
        self._options = options
        self._step = step
        self._on_look = on_look
        self._found = Found(experiment, store, experiment.backend, None)
        self._looks: list[Look] = []

    def run(self, *, retry_failed: bool, on_prepared: Callable[[Prepared], None] | None) -> Decided:
        options, stopped = self._options, tuple[str, ...]()
        while True:
            prepared = prepare(self._experiment, self._store, retry_failed=retry_failed)
            if on_prepared is not None:
                on_prepared(prepared)
                on_prepared = None
            collected = as_tables(prepared.collected)
            ended = self._ended(collected)
            if ended is not None:
                return self._finished(*ended, cancelled=stopped)
            complete = complete_seeds(self._experiment, collected.runs)
            target = self._rule.following(complete, self._budget.seeds, self._step)
            assert target is not None
            seeds = self._experiment.seeds[complete:target]
            console.say(f"training seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}")
            batch = train_seeds(prepared, seeds, options, self._watch)
            stopped = batch.cancelled
            if (ending := _ending_of(batch)) is not None:
                return self._finished(*ending, batch=batch)
            options, retry_failed = BatchOptions(options.workers, options.max_active, verify=False), False

    def _ended(self, collected: Collected) -> tuple[Ending, str] | None:
        """Why no more seeds are to be added, after a look if one is due; None where some are."""
        complete = complete_seeds(self._experiment, collected.runs)
        target = self._rule.following(complete, self._budget.seeds, self._step)
        coming = [run for run in self._experiment.runs if run.seed in self._experiment.seeds[complete:target]]
        spent = self._budget.why_spent(collected.runs, coming) if target is not None else self._no_more(complete)
        follows = f"stops: {spent}" if spent else f"next: {self._next(complete, target)}"
        self._look_if_due(complete, follows)
        look = self._looks[-1] if self._looks else None
        if look is not None and look.decided:
            return "decided", _answer(look)
        if look is not None and look.unusable:
            return "unusable", f"complete pairs cannot be tested, so that no further look follows: {look.unusable[0]}"
        return ("budget", f"nothing is decided, and {spent}") if spent else None

    def _look_if_due(self, complete: int, follows: str) -> bool:
        """Look where the rule allows it and it was not done yet; whether that decides."""
        at = self._rule.latest(complete)
        last = self._looks[-1] if self._looks else None
        if at is None or (last is not None and (last.decided or last.seeds >= at)):
            return False
        look = look_at(self._found, at)
        self._looks.append(look)
        if look.decided:
            follows = "stops: it is decided"
        elif look.unusable:
            follows = f"stops: {look.unusable[0]}"
        if self._on_look is not None:
            self._on_look(look, follows)
        return look.decided

    def _watch(self, collected: Collected) -> bool:
        """Whether runs that train now are not needed, or not paid for, any more."""
        if self._budget.why_spent(collected.runs):
            return True
        if self._rule.looks or self._step == 1:
            return False
        complete = complete_seeds(self._experiment, collected.runs)
        return self._look_if_due(complete, "next: the seeds that train now")

    def _no_more(self, complete: int) -> str:
        if complete >= self._budget.seeds:
            return f"all {console.count(self._budget.seeds, 'seed')} of the budget are done"
        return f"no declared look is left within {console.count(self._budget.seeds, 'seed')}"

    def _next(self, complete: int, target: int | None) -> str:
        seeds = self._experiment.seeds[complete:target]
        numbers = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(map(str, seeds))}"
        until = f", to the look at {target}" if self._rule.looks else ""
        return f"{numbers}{until}; at most {self._budget.seeds}"

    def _finished(
        self, ended: Ending, says: str, *, batch: Batch | None = None, cancelled: tuple[str, ...] = ()
    ) -> Decided:
        collected = collect(self._store, self._experiment.runs)
        if ended in ("decided", "budget"):
            done = set(collected.runs.loc[collected.runs["finished"], "run_id"])
            pending = [run for run in self._experiment.runs if run.run_id not in done]
            if pending:
                cancelled = tuple(dict.fromkeys([*cancelled, *stop_pending(self._found, pending)]))
        return Decided(
            experiment=self._experiment.name,
            store=self._store.url,
            ended=ended,
            says=says,
            looks=self._looks,
            seeds=complete_seeds(self._experiment, collected.runs),
            most_seeds=self._budget.seeds,
            hours=hours_spent(collected.runs),
            cancelled=cancelled,
            failed=batch.failed if batch else {},
            unreachable=batch.unreachable if batch else False,
        )


def _ending_of(batch: Batch) -> tuple[Ending, str] | None:
    if batch.stopped:
        return None  # the next round says why
    if batch.failed:
        run_id, why = next(iter(batch.failed.items()))
        more = f", and {len(batch.failed) - 1} more" if len(batch.failed) > 1 else ""
        return "failed", f"{run_id}{more} failed, and its seed does not count without it: {why}"
    if batch.interrupted:
        return "interrupted", "interrupted; the same command goes on from the last checkpoints"
    return None


def _answer(look: Look) -> str:
    return "; ".join(dict.fromkeys(f"{test.label}: {test.says}" for test in look.tests))
