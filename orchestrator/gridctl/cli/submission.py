"""The commands that give runs to an executor: submit, retry, render."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridctl.cli.options import (
    AsJson,
    BackendName,
    ExperimentFile,
    ExperimentName,
    Overrides,
    RunNames,
    StoreUrl,
    output_path,
    submit_command,
)

if TYPE_CHECKING:
    from gridctl.commands.submission.carry_out import SubmitResult
    from gridctl.commands.submission.submit import Prepared
    from gridctl.executors.base import Outcome
    from gridctl.experiment import Experiment

Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Runs at once, on the local backend.", show_default="cores / threads per run"),
]

MaxActive = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Jobs active at once, on a cluster: the command keeps running and creates the next when one ends.",
        show_default="all",
    ),
]


NoVerify = Annotated[
    bool,
    typer.Option(
        "--no-verify",
        help="Start runs without first checking that they can train here or, on a cluster, reach the store.",
    ),
]


def submit(
    experiment: ExperimentFile,
    overrides: Overrides = None,
    backend: BackendName = None,
    store: StoreUrl = None,
    workers: Workers = None,
    max_active: MaxActive = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed runs again.")] = False,
    reuse_epochs: Annotated[
        bool,
        typer.Option(
            "--reuse-epochs",
            help="Where training.epochs alone was changed: go on from the checkpoints of the runs before.",
        ),
    ] = False,
    no_verify: NoVerify = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start every run that is not started yet, and resume those that were interrupted or cancelled."""
    from gridctl import api
    from gridctl.cli.views.submission import holder_lines, plan_line
    from gridctl.terminal import console

    loaded = api.load(experiment, overrides or [], store=store, backend=backend)
    plain = submit_command(experiment, [], store, backend) if overrides else ""

    def announce(prepared: Prepared) -> None:
        console.say(plan_line(prepared))
        _say_changes(prepared, plain, reuse_epochs=reuse_epochs)
        for line in holder_lines(prepared):
            console.say(line)

    if dry_run:
        prepared = _prepared(loaded, workers, max_active, retry_failed=retry_failed, by_name=not no_verify)
        given = submit_command(experiment, overrides or [], store, backend)
        _show_dry_run(prepared, workers or max_active, given, plain, reuse_epochs=reuse_epochs, as_json=as_json)
        return
    with _nothing_started_if_interrupted():
        result = api.submit(
            loaded,
            workers=workers,
            max_active=max_active,
            retry_failed=retry_failed,
            reuse_epochs=reuse_epochs,
            verify=not no_verify,
            progress=console.on_stderr,
            on_prepared=announce,
        )
    _show_result(result, as_json=as_json)


def _prepared(
    experiment: Experiment, workers: int | None, max_active: int | None, *, retry_failed: bool, by_name: bool
) -> Prepared:
    from gridctl.commands.submission.carry_out import require_known_limits
    from gridctl.commands.submission.submit import prepare
    from gridctl_trainer.storage.base import open_store

    require_known_limits(experiment, workers, max_active)
    return prepare(experiment, open_store(experiment.store), retry_failed=retry_failed, by_name=by_name)


def _say_changes(prepared: Prepared, plain: str, *, reuse_epochs: bool) -> None:
    """Say what is new, and what in the store is not in the grid; `plain` is the command without `--set`, if any."""
    from gridctl.cli.views.changed_experiment import change_lines, outside_line
    from gridctl.cli.views.other_plugin_code import other_code_lines
    from gridctl.terminal import console

    for line in change_lines(prepared.changes, reusing=reuse_epochs):
        console.say(line)
    for line in other_code_lines(prepared.other_code, prepared.experiment.name):
        console.say(line)
    if line := outside_line(prepared, plain):
        console.say(line)
    if reuse_epochs and not prepared.reuse:
        console.say("--reuse-epochs: no run that is to start differs from a stored one in training.epochs alone")


def retry(
    experiment: ExperimentName = None,
    runs: RunNames = None,
    store: StoreUrl = None,
    workers: Workers = None,
    max_active: MaxActive = None,
    no_verify: NoVerify = False,
    as_json: AsJson = False,
) -> None:
    """Try failed runs again, from their last checkpoints."""
    from gridctl.cli.views.submission import plan_line
    from gridctl.commands.lookup.experiments import find_experiment
    from gridctl.commands.lookup.runs import match_runs
    from gridctl.commands.submission.carry_out import carry_out, require_known_limits
    from gridctl.commands.submission.retry import prepare_retry
    from gridctl.terminal import console

    found = find_experiment(experiment, store)
    require_known_limits(found.experiment, workers, max_active)
    prepared = prepare_retry(found, match_runs(found, runs) if runs else None)
    if not prepared.plan.retry:
        console.say(
            f"{found.experiment.name}: none of these runs has failed; the same submit command resumes interrupted ones"
        )
    else:
        console.say(plan_line(prepared))
    with _nothing_started_if_interrupted():
        result = carry_out(prepared, workers=workers, max_active=max_active, verify=not no_verify)
    _show_result(result, as_json=as_json)


def render(
    experiment: ExperimentFile,
    overrides: Overrides = None,
    store: StoreUrl = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", parser=output_path, metavar="DIR", help="Write one file per Job into this folder."
        ),
    ] = None,
) -> None:
    """Show the Kubernetes Jobs as YAML."""
    from gridctl.commands.render import as_stream, render_jobs, write_jobs
    from gridctl.experiment import load_experiment
    from gridctl.terminal import console

    rendered = render_jobs(load_experiment(experiment, overrides or [], store=store))
    if output is None:
        console.show(as_stream(rendered))
    else:
        written = write_jobs(rendered, output)
        console.say(f"{console.count(len(written), 'Job')} in {output}")


@contextlib.contextmanager
def _nothing_started_if_interrupted() -> Iterator[None]:
    from gridctl import errors
    from gridctl.executors.base import InterruptedPreflightError
    from gridctl.terminal import console

    try:
        yield
    except InterruptedPreflightError:
        console.say("interrupted before the first run; nothing was started")
        raise typer.Exit(errors.INTERRUPTED) from None


def _show_result(result: SubmitResult, *, as_json: bool) -> None:
    from gridctl.terminal import console

    prepared, outcome = result.prepared, result.outcome
    if as_json:
        console.show_json(
            {
                "created": outcome.created,
                "done": outcome.done,
                "failed": dict(outcome.failed),
                "cancelled": outcome.cancelled,
                "left": outcome.left,
                "not_started": outcome.not_started,
                "shared_cause": outcome.shared_cause.message if outcome.shared_cause else None,
                "interrupted": outcome.interrupted,
                "changes": [change.to_json() for change in prepared.changes],
                "other_plugin_code": [item.to_json() for item in prepared.other_code],
            }
        )
    took = console.duration(result.took_seconds)
    _finish_submit(prepared, outcome, took, named="" if result.remembered else _named(prepared))


def _show_dry_run(
    prepared: Prepared, at_once: int | None, given: str, plain: str, *, reuse_epochs: bool, as_json: bool
) -> None:
    """Show what would be done and what it costs, and the executor's own dry run if it has one."""
    from gridctl import errors
    from gridctl.cli.views.plan import cost_lines
    from gridctl.cli.views.submission import plan_line
    from gridctl.commands.planning.epoch_times import measured_elsewhere
    from gridctl.commands.planning.plan import estimate
    from gridctl.executors.capabilities import DryRun, DryRuns
    from gridctl.terminal import console

    plan = prepared.plan
    parts = {"create": plan.create, "retry": plan.retry, "skip": plan.skip, "leave": plan.leave, "failed": plan.failed}
    executor = prepared.executor
    answer = executor.dry_run(plan.to_do) if isinstance(executor, DryRuns) else DryRun()
    others = measured_elsewhere(prepared.store, prepared.experiment, prepared.collected, prepared.stored)
    cost = estimate(prepared.experiment, prepared.collected, at_once, others, with_needs=as_json)
    if as_json:
        shown: dict[str, object] = {name: [run.run_id for run in runs] for name, runs in parts.items()}
        shown["states"] = {run_id: standing.state for run_id, standing in prepared.standings.items()}
        shown["estimate"] = cost.to_json()
        shown["changes"] = [change.to_json() for change in prepared.changes]
        shown["other_plugin_code"] = [item.to_json() for item in prepared.other_code]
        console.show_json(shown | dict(answer.details))
    else:
        states = {run_id: standing.state.label for run_id, standing in prepared.standings.items()}
        lines = [f"{name:<7} {run.run_id}  {states[run.run_id]}" for name, runs in parts.items() for run in runs]
        console.show("\n".join(lines))
        console.say(plan_line(prepared))
        _say_changes(prepared, plain, reuse_epochs=reuse_epochs)
        for line in cost_lines(cost, given):
            console.say(line.plain)
        for text in answer.lines:
            console.say(text)
        console.say_unreadable(prepared.collected.problems)
    if answer.refused:
        raise typer.Exit(errors.INVALID_INPUT)
    if prepared.collected.problems:
        raise typer.Exit(errors.RUNS_FAILED)


def _named(prepared: Prepared) -> str:
    """The arguments that commands need if this folder has no record of the experiment."""
    return f" {prepared.experiment.name} --store {shlex.quote(prepared.store.url)}"


def _finish_submit(prepared: Prepared, outcome: Outcome, took: str, named: str) -> None:
    from gridctl import errors
    from gridctl.cli.views.submission import held_back_line, summary_line
    from gridctl.runs.shared_cause import without_run
    from gridctl.terminal import console

    unit = prepared.descriptor.hands_over
    by_message: dict[str, list[str]] = {}
    for run_id, message in outcome.failed.items():
        by_message.setdefault(without_run(message), []).append(run_id)
    for run_ids in by_message.values():
        others = f" and {len(run_ids) - 1} more" if len(run_ids) > 1 else ""
        console.say(f"failed: {run_ids[0]}{others}: {outcome.failed[run_ids[0]]}")
    if prepared.plan.to_do:
        console.say(summary_line(prepared, outcome, took))
    if outcome.not_started and outcome.shared_cause:
        console.say(held_back_line(prepared, outcome, named))
    if outcome.left:
        console.say(
            f"{console.count(len(outcome.left), 'run')} left alone, held elsewhere: see `gridctl status{named}`"
        )
    if outcome.cancelled:
        them = "it" if len(outcome.cancelled) == 1 else "them"
        console.say(f"{console.count(len(outcome.cancelled), 'run')} cancelled; the same command resumes {them}")
    if outcome.interrupted:
        console.say(
            "interrupted; the same command goes on from the last checkpoints"
            if not unit
            else f"interrupted after creating {console.count(len(outcome.created), unit)}; "
            "what was created goes on, and the same command creates the rest"
        )
        raise typer.Exit(errors.INTERRUPTED)
    console.say_unreadable(prepared.collected.problems)
    if outcome.unreachable:
        raise typer.Exit(errors.UNREACHABLE)
    stopped_short = outcome.cancelled or outcome.not_started
    if unit and outcome.failed and not outcome.created:
        raise typer.Exit(errors.INVALID_INPUT)  # the API server takes none of them, as the dry run says
    if outcome.failed or stopped_short or prepared.plan.failed or prepared.collected.problems:
        to_retry = [run_id for run_id in outcome.failed if run_id not in outcome.resumable]
        if to_retry and not stopped_short and not unit:
            at = f" --store {shlex.quote(prepared.store.url)}" if named else ""
            console.say(f"next: gridctl logs {to_retry[0]}{at}, then gridctl retry{named}")
        only_cancelled = not (
            outcome.failed or outcome.not_started or prepared.plan.failed or prepared.collected.problems
        )
        raise typer.Exit(errors.INTERRUPTED if only_cancelled else errors.RUNS_FAILED)
    console.say(f"next: gridctl status{named}, gridctl report{named} --significance")
