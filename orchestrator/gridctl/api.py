"""gridctl from Python, as a notebook or a script uses it: load, submit, status, collect, report.

Each function does what the command of its name does, on the same experiments, and returns objects and tables. None
prints, asks or ends the process: to follow the progress, pass a `progress`, such as `print`; without one
the messages go to the logger `gridctl.api`. What is wrong is raised as a `Fault` that has every mistake at once.

    from gridctl import api

    experiment = api.load("experiments/demo.yaml", {"training.epochs": 5})
    api.submit(experiment, progress=print)
    api.status(experiment).runs_table()
    api.report(experiment).comparisons
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gridctl.errors import Fault, InputError, UnreachableError

if TYPE_CHECKING:
    from gridctl.collection.collect import Collected
    from gridctl.commands.deciding.decide import Decided
    from gridctl.commands.deciding.look import Look
    from gridctl.commands.lookup.experiments import Found
    from gridctl.commands.progress.status import Status
    from gridctl.commands.reporting.report_result import ReportResult
    from gridctl.commands.submission.carry_out import SubmitResult
    from gridctl.commands.submission.submit import Prepared
    from gridctl.commands.verify import Verification
    from gridctl.experiment import Experiment

__all__ = [
    "Fault",
    "InputError",
    "UnreachableError",
    "collect",
    "decide",
    "load",
    "report",
    "status",
    "submit",
    "verify",
]

_log = logging.getLogger(__name__)


def load(
    path: str | Path,
    overrides: Mapping[str, object] | Iterable[str] = (),
    *,
    store: str | None = None,
    backend: str | None = None,
) -> Experiment:
    """Read and validate an experiment file.

    Args:
        path: The YAML file.
        overrides: Values by path, such as `{"training.epochs": 5}`; or `PATH=VALUE` texts, as `--set` takes them.
        store: Where its runs are kept, instead of the file's.
        backend: The executor that trains them, instead of the file's.

    Returns:
        The experiment with its whole grid in `runs`.

    Raises:
        InputError: With every mistake of the file, each with its line and what to do.
    """
    from gridctl.experiment import load_experiment

    if isinstance(overrides, Mapping):
        overrides = [
            f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in overrides.items()
        ]
    return load_experiment(Path(path), list(overrides), store=store, backend=backend)


def submit(
    experiment: Experiment | str | Path,
    *,
    workers: int | None = None,
    max_active: int | None = None,
    retry_failed: bool = False,
    reuse_epochs: bool = False,
    verify: bool = True,
    progress: Callable[[str], None] | None = None,
    on_prepared: Callable[[Prepared], None] | None = None,
) -> SubmitResult:
    """Start every run that is not started yet, and resume those that were interrupted or cancelled.

    It may be killed at any point and called again: nothing is trained twice. On this machine it returns when the
    runs have ended; Ctrl-C, or a notebook's stop button, has each of them make a checkpoint first. On a cluster it
    returns when the Jobs are created.

    Args:
        experiment: A loaded one, or its file.
        workers: Runs at once on this machine; None for as many as its cores hold.
        max_active: Jobs active at once on a cluster: it then waits until the last one is created.
        retry_failed: Whether to retry failed runs.
        reuse_epochs: Where `training.epochs` alone was changed, go on from the checkpoints of the runs before.
        verify: Whether to check first that the runs can train here or, on a cluster, reach the store.
        progress: Called with a line of text whenever there is news.
        on_prepared: Called with what is to be done before anything is written; raise from it to leave it undone.

    Raises:
        InputError: The experiment is not valid, data are missing, or some run would fail: every reason at once.
        StoreError: The store cannot be reached, or refuses.
        UnreachableError: The cluster cannot be reached.
        InterruptedPreflightError: Ctrl-C came while the runs were being checked; nothing was started.
    """
    from gridctl.commands.submission.carry_out import carry_out, require_known_limits
    from gridctl.commands.submission.submit import prepare
    from gridctl.experiment import Experiment
    from gridctl.terminal.console import messages_to
    from gridctl_trainer.storage.base import open_store

    with messages_to(progress or _log.info):
        loaded = experiment if isinstance(experiment, Experiment) else load(experiment)
        require_known_limits(loaded, workers, max_active)
        prepared = prepare(loaded, open_store(loaded.store), retry_failed=retry_failed)
        if on_prepared is not None:
            on_prepared(prepared)
        return carry_out(prepared, workers=workers, max_active=max_active, reuse_epochs=reuse_epochs, verify=verify)


def decide(
    experiment: Experiment | str | Path,
    *,
    max_seeds: int | None = None,
    max_hours: float | None = None,
    seeds_at_once: int = 1,
    workers: int | None = None,
    max_active: int | None = None,
    retry_failed: bool = False,
    verify: bool = True,
    progress: Callable[[str], None] | None = None,
    on_prepared: Callable[[Prepared], None] | None = None,
    on_look: Callable[[Look, str], None] | None = None,
) -> Decided:
    """Train seed after seed until the comparison is decided or the budget is spent, and stop what is pending then.

    It looks at the answer as `compare.stopping` declares. What was done before is read from the store, so that it may
    be killed at any point and called again.

    Args:
        experiment: A loaded one, or its file; its seeds are the most that are trained.
        max_seeds: At most so many of them.
        max_hours: At most so many hours of training, all attempts of all runs together.
        seeds_at_once: Seeds that train at a time where each may be looked at.
        workers: As of `submit`.
        max_active: As of `submit`.
        retry_failed: Try failed runs again, once.
        verify: As of `submit`.
        progress: Called with a line of text whenever there is news.
        on_prepared: Called with what is to be done before anything is written.
        on_look: Called with each look, and what is done next.

    Returns:
        Every look, and why no more seeds are added.

    Raises:
        InputError: `compare.stopping` is `fixed`, nothing is compared, or some run would fail.
        StoreError: The store cannot be reached, or refuses.
        UnreachableError: The cluster cannot be reached.
        InterruptedPreflightError: Ctrl-C came while the runs were being checked; nothing was started.
    """
    from gridctl.commands.deciding.batch import BatchOptions
    from gridctl.commands.deciding.decide import decide as until_decided
    from gridctl.experiment import Experiment
    from gridctl.terminal.console import messages_to

    with messages_to(progress or _log.info):
        return until_decided(
            experiment if isinstance(experiment, Experiment) else load(experiment),
            BatchOptions(workers, max_active, verify),
            max_seeds=max_seeds,
            max_hours=max_hours,
            seeds_at_once=seeds_at_once,
            retry_failed=retry_failed,
            on_prepared=on_prepared,
            on_look=on_look,
        )


def status(
    experiment: Experiment | Found | str | Path | None = None,
    *,
    store: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Status:
    """The state of every run, and why some wait.

    Args:
        experiment: A loaded one, its name or its file; None for the one last submitted from the current folder.
        store: Where it is kept, if it was not submitted from the current folder.
        progress: Called with a line of text whenever there is news.

    Raises:
        InputError: There is no such experiment, or it was not submitted.
        StoreError: Its store cannot be reached.
        UnreachableError: The cluster cannot be reached.
    """
    from gridctl.commands.lookup.any_form import find_any
    from gridctl.commands.progress.status import read_status
    from gridctl.terminal.console import messages_to

    with messages_to(progress or _log.info):
        return read_status(find_any(experiment, store))


def collect(
    experiment: Experiment | Found | str | Path | None = None,
    *,
    store: str | None = None,
    cases: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Collected:
    """Everything that was logged: `runs`, `epochs` and `function` are tables of pandas, `problems` what is unreadable.

    Args:
        experiment: As of `status`.
        store: As of `status`.
        cases: Read the scorecards too: `cases` is then a table with a row for each metric of each patient, time point
            and structure.
        progress: Called with a line of text whenever there is news.

    Raises:
        InputError: There is no such experiment, or it was not submitted.
        StoreError: Its store cannot be reached.
    """
    from gridctl.commands.collecting import collect_with_bar
    from gridctl.commands.lookup.any_form import find_any
    from gridctl.terminal.console import messages_to

    with messages_to(progress or _log.info):
        found = find_any(experiment, store)
        return collect_with_bar(found.store, found.experiment.runs, cases=cases)


def report(
    experiment: Experiment | Found | str | Path | None = None,
    *,
    store: str | None = None,
    significance: bool | None = None,
    unit: str = "run",
    score: str | None = None,
    metrics: Sequence[str] | None = None,
    strict_pairs: bool = False,
    keep_differing_pairs: bool = False,
    seed: int = 0,
    against: Mapping[str, str | Path] | None = None,
    models: Sequence[str] | Mapping[str, str | Path | None] = (),
    progress: Callable[[str], None] | None = None,
) -> ReportResult:
    """Scores of every model, and whether their differences may be called significant.

    Args:
        experiment: As of `status`.
        store: As of `status`.
        significance: Whether to test what the experiment compares; None to test it if it compares anything.
        unit: What counts as one observation: `run`, or `epoch` to pool all epochs, whose p means nothing.
        score: How a run's epochs become one score: `final`, `best`, `mean` or `last-K`; None takes the file's.
        metrics: None takes the file's.
        strict_pairs: Leave out pairs whose runs were trained under different conditions.
        keep_differing_pairs: Also test pairs whose runs read different images or another split.
        seed: Seed of bootstraps and sampled permutations, at least 0.
        against: Masks that models are compared with, over patients: by name, the Parquet or JSON file that
            `gridctl score` wrote of them.
        models: What is compared with them: models of the experiment, or by name further such files (None for a model);
            by default the models of interest.
        progress: Called with a line of text whenever there is news.

    Raises:
        InputError: There is no such experiment, no such metric or score, or nothing to test.
        StoreError: Its store cannot be reached.
    """
    from gridctl.analysis.request import ReportRequest, compares
    from gridctl.collection.score_file import prediction_file
    from gridctl.commands.lookup.any_form import find_any
    from gridctl.commands.reporting.report_result import report_of
    from gridctl.terminal.console import messages_to

    if unit not in ("run", "epoch") or seed < 0:
        raise InputError(f"unit '{unit}' with seed {seed}", fix="unit is 'run' or 'epoch', and seed at least 0")
    with messages_to(progress or _log.info):
        found = find_any(experiment, store)
        request = ReportRequest(
            significance=compares(found.experiment) if significance is None else significance,
            unit=unit,
            score=score,
            metrics=metrics,
            strict_pairs=strict_pairs,
            seed=seed,
            keep_differing_pairs=keep_differing_pairs,
            against=[prediction_file(name, file) for name, file in (against or {}).items()],
            of=[
                name if file is None else prediction_file(name, file)
                for name, file in (models if isinstance(models, Mapping) else dict.fromkeys(models)).items()
            ],
        )
        return report_of(found, request)


def verify(
    report: str | Path,
    *,
    store: str | None = None,
    sealed: str | None = None,
    retrain: bool = False,
    run: str | None = None,
    seed: int = 0,
    data: Mapping[str, str | Path] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Verification:
    """Compare a report with what its store gives now; nothing is written.

    Args:
        report: A `report.json`, or the folder that `ReportResult.save` wrote.
        store: Where its experiment is kept, if it was not submitted from the current folder.
        sealed: SHA-256 that the sealed plan must have.
        retrain: Train one finished run again on this machine, apart from the store, and compare weights and scores.
        run: Id of that run, or a beginning of it; None takes one at random.
        seed: Of that choice.
        data: Where data sets lie here, by their name in `data`, if not where the run's specification says.
        progress: Called with a line of text whenever there is news.

    Returns:
        Every difference, none if the report is what the store gives; and what came of the run that was trained again.

    Raises:
        InputError: The report cannot be verified, its experiment was not submitted, or the run not be trained here.
        StoreError: The store cannot be reached.
    """
    from gridctl.commands.retrain import retrain_stored
    from gridctl.commands.verify import verify_report
    from gridctl.terminal.console import messages_to

    if not retrain and (run or data):
        raise InputError("run and data are of a run that is trained again", fix="add retrain=True")
    with messages_to(progress or _log.info):
        found = verify_report(Path(report), store, sealed=sealed)
        if not retrain:
            return found
        return replace(found, retrained=retrain_stored(found.store, found.experiment, run, seed, data or {}))
