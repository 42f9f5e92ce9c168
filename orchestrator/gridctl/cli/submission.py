"""The commands that hand runs to a backend: submit, retry, render."""

from __future__ import annotations

import shlex
import time
from collections import Counter
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
    from collections.abc import Sequence

    from gridctl.commands.submission.submit import Prepared
    from gridctl.executors.base import Outcome
    from gridctl.executors.kubernetes.store_access.finding import Finding

Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Runs at once, on the local backend.", show_default="cores / threads a run"),
]

MaxActive = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Jobs active at once, on a cluster: the command stays and creates the next when one has ended.",
        show_default="all",
    ),
]


NoVerify = Annotated[
    bool,
    typer.Option(
        "--no-verify",
        help="Start runs without asking first whether they can train here or, on a cluster, reach the store.",
    ),
]


def submit(
    experiment: ExperimentFile,
    overrides: Overrides = None,
    backend: Annotated[BackendName | None, typer.Option(help="Where to run, instead of the file's.")] = None,
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
    """Start every run that nobody has started, and resume those that were interrupted or cancelled."""
    from gridctl.commands.submission.submit import prepare
    from gridctl.experiment import load_experiment
    from gridctl.terminal import console
    from gridctl_trainer.storage.base import open_store

    loaded = load_experiment(experiment, overrides or [], store=store, backend=backend)
    _require_fitting(loaded.backend, workers, max_active)
    prepared = prepare(loaded, open_store(loaded.store), retry_failed=retry_failed, by_name=dry_run and not no_verify)
    plain = submit_command(experiment, [], store, backend) if overrides else ""
    if dry_run:
        given = submit_command(experiment, overrides or [], store, backend)
        _show_dry_run(prepared, workers or max_active, given, plain, reuse_epochs=reuse_epochs, as_json=as_json)
        return
    console.say(_plan_line(prepared))
    _say_changes(prepared, plain, reuse_epochs=reuse_epochs)
    _say_who_holds(prepared)
    _carry_out(prepared, workers, max_active, reuse_epochs=reuse_epochs, verify=not no_verify, as_json=as_json)


def _say_changes(prepared: Prepared, plain: str, *, reuse_epochs: bool) -> None:
    """What is new, and what of the store is not of the grid; `plain` is the command without `--set`, if it has any."""
    from gridctl.cli.views.changed_experiment import change_lines, outside_line
    from gridctl.terminal import console

    for line in change_lines(prepared.changes, reusing=reuse_epochs):
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
    from gridctl.commands.lookup.experiments import find_experiment
    from gridctl.commands.lookup.runs import match_runs
    from gridctl.commands.submission.retry import prepare_retry
    from gridctl.terminal import console

    found = find_experiment(experiment, store)
    _require_fitting(found.experiment.backend, workers, max_active)
    prepared = prepare_retry(found, match_runs(found, runs) if runs else None)
    if not prepared.plan.retry:
        console.say(
            f"{found.experiment.name}: no run of these has failed; the same submit command resumes interrupted ones"
        )
    else:
        console.say(_plan_line(prepared))
    _carry_out(prepared, workers, max_active, verify=not no_verify, as_json=as_json)


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


def _require_fitting(backend: str, workers: int | None, max_active: int | None) -> None:
    """An option that would be passed over is refused.

    Raises:
        InputError: It is one of the other backend's.
    """
    from gridctl.errors import InputError

    if workers is not None and backend != "local":
        raise InputError(
            "a cluster runs as many at once as it has room for", where="--workers", fix="limit them with --max-active"
        )
    if max_active is not None and backend != "kubernetes":
        raise InputError("there are no Jobs on this machine", where="--max-active", fix="limit its runs with --workers")


def _carry_out(
    prepared: Prepared,
    workers: int | None,
    max_active: int | None,
    *,
    reuse_epochs: bool = False,
    verify: bool,
    as_json: bool,
) -> None:
    from gridctl import errors
    from gridctl.commands.submission.submit import add_to_history, write_specifications
    from gridctl.executors.local.installation import require_trainer
    from gridctl.executors.local.preflight import InterruptedPreflightError
    from gridctl.executors.local.preflight_report import look_before_start
    from gridctl.submissions.being_checked import checking
    from gridctl.submissions.submitted_experiments import remember
    from gridctl.submissions.submitted_runs import remember_runs
    from gridctl.terminal import console
    from gridctl_trainer.storage.probe import probe

    if prepared.plan.to_do:
        if prepared.experiment.backend == "local":
            require_trainer()
        else:
            from gridctl.commands.submission.store_access import pod_contents, require_store_access

            for check in [*require_store_access(prepared, verify=verify), *pod_contents(prepared)]:
                console.say("\n  ".join([f"note: {check.name}: {check.says}", *check.fix.splitlines()]))
        probe(prepared.store, prepared.experiment.name)  # before anything is written, trained or paid for
        if prepared.experiment.backend == "local" and verify:
            try:
                with checking(prepared.experiment.name, prepared.store.url):
                    look_before_start(prepared.experiment, prepared.plan.to_do)
            except InterruptedPreflightError:
                console.say("interrupted before the first run; nothing was started")
                raise typer.Exit(errors.INTERRUPTED) from None
    write_specifications(prepared, reuse_epochs=reuse_epochs)
    add_to_history(prepared)
    if problem := remember(prepared.experiment.name, prepared.store.url, prepared.experiment.backend):
        console.say(f"note: this folder cannot remember the experiment: {problem}")
    else:
        remember_runs(prepared.experiment.name, (run.run_id for run in prepared.experiment.runs))
    began = time.monotonic()
    outcome = _start(prepared, workers, max_active, tried=verify)
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
            }
        )
    took = console.duration(time.monotonic() - began)
    _finish_submit(prepared, outcome, took, named="" if not problem else _named(prepared))


def _show_dry_run(
    prepared: Prepared, at_once: int | None, given: str, plain: str, *, reuse_epochs: bool, as_json: bool
) -> None:
    """What would be done and what that costs; for a cluster also what its API server says of it."""
    from dataclasses import asdict

    from gridctl import errors
    from gridctl.cli.views.plan import cost_lines
    from gridctl.commands.epoch_times import measured_elsewhere
    from gridctl.commands.plan import estimate
    from gridctl.commands.submission.store_access import pod_contents, store_access
    from gridctl.executors.kubernetes.preflight.dry_run import Verdict
    from gridctl.terminal import console

    plan = prepared.plan
    parts = {"create": plan.create, "retry": plan.retry, "skip": plan.skip, "leave": plan.leave, "failed": plan.failed}
    verdicts: list[Verdict] = []
    access: Sequence[Finding] = ()
    gpus = 0
    if prepared.experiment.backend == "kubernetes":
        from gridctl.executors.kubernetes import KubernetesBackend

        assert isinstance(prepared.backend, KubernetesBackend)
        verdicts, gpus = prepared.backend.judge(plan.to_do), prepared.backend.gpus(plan.to_do)
        access = store_access(prepared)
    contents = pod_contents(prepared)
    others = measured_elsewhere(prepared.store, prepared.experiment, prepared.collected)
    cost = estimate(prepared.experiment, prepared.collected, at_once, others)
    if as_json:
        shown: dict[str, object] = {name: [run.run_id for run in runs] for name, runs in parts.items()}
        shown["states"] = {run_id: standing.state for run_id, standing in prepared.standings.items()}
        shown["estimate"] = cost.to_json()
        shown["changes"] = [change.to_json() for change in prepared.changes]
        if prepared.experiment.backend == "kubernetes":
            shown |= {"gpus": gpus, "verdicts": [asdict(verdict) for verdict in verdicts]}
            shown["store_access"] = [item.check.to_json() for item in access]
            shown["pod_contents"] = [check.to_json() for check in contents]
        console.show_json(shown)
    else:
        for name, runs in parts.items():
            for run in runs:
                standing = prepared.standings[run.run_id]
                console.show(f"{name:<7} {run.run_id}  {standing.state.label}")
        console.say(_plan_line(prepared))
        _say_changes(prepared, plain, reuse_epochs=reuse_epochs)
        for line in cost_lines(cost, given):
            console.say(line.plain)
        if verdicts:
            console.say(
                f"{console.count(gpus, 'GPU')} for all of them at once; the API server was asked, nothing was made:"
            )
        for verdict in verdicts:
            console.say(f"  {verdict}")
        for check in [*(item.check for item in access), *contents]:
            if check.state != "ok":
                console.say(f"  {check.state}: {check.name}: {check.says}")
                for text in check.fix.splitlines():
                    console.say(f"    {text}")
        console.say_unreadable(prepared.collected.problems)
    if any(verdict.problems for verdict in verdicts) or any(item.certain for item in access):
        raise typer.Exit(errors.INVALID_INPUT)
    if prepared.collected.problems:
        raise typer.Exit(errors.RUNS_FAILED)


def _plan_line(prepared: Prepared) -> str:
    from gridctl.runs.state import ACTIVE, RunState
    from gridctl.terminal.console import count

    plan = prepared.plan
    begun = Counter(prepared.standings[run.run_id].state for run in plan.create)
    held = Counter(prepared.standings[run.run_id].state for run in plan.leave)
    said = [
        (begun[RunState.NOT_STARTED], "to start"),
        (begun[RunState.INTERRUPTED], "interrupted, to resume"),
        (begun[RunState.CANCELLED], "cancelled, to resume"),
        (begun[RunState.RUNNING], "running on another machine, to take over"),
        (len(plan.retry), "failed, to retry"),
        (len(plan.skip), "done already"),
        *((held[state], f"{state.label} already") for state in ACTIVE),
        (len(plan.failed), "failed (--retry-failed tries again)"),
    ]
    runs = count(len(prepared.experiment.runs), "run")
    parts = ", ".join(f"{number} {what}" for number, what in said if number)
    return f"{prepared.experiment.name}: {runs}: {parts}; store {prepared.store.url}"


def _say_who_holds(prepared: Prepared) -> None:
    """Each reason why a run is left alone, once."""
    from gridctl.terminal import console

    held = (prepared.standings[run.run_id] for run in prepared.plan.leave)
    for (label, reason), number in Counter((known.state.label, known.reason) for known in held if known.reason).items():
        console.say(f"  {number} {label}: {reason}")


def _start(prepared: Prepared, workers: int | None, max_active: int | None, *, tried: bool) -> Outcome:
    from gridctl.executors.base import Outcome
    from gridctl.executors.local import LocalBackend
    from gridctl.executors.local.progress_bars import display
    from gridctl.terminal import console

    runs = prepared.plan.to_do
    if not runs:
        return Outcome()
    if prepared.experiment.backend == "kubernetes":
        return _create_jobs(prepared, max_active)
    at_once = LocalBackend(prepared.store, workers=workers).workers_for(runs)
    with display(runs, at_once, console.stderr_console()) as watcher:
        return LocalBackend(prepared.store, workers=workers, watcher=watcher, tried=tried).start(runs)


def _create_jobs(prepared: Prepared, max_active: int | None) -> Outcome:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from gridctl.executors.kubernetes import KubernetesBackend
    from gridctl.terminal import console

    assert isinstance(prepared.backend, KubernetesBackend)
    runs, stderr = prepared.plan.to_do, console.stderr_console()
    columns = (TextColumn("creating Jobs"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[active]}"))
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as bar:
        task = bar.add_task("", total=len(runs), active="")
        if max_active is None:
            return prepared.backend.start(runs, lambda done, total: bar.update(task, completed=done, total=total))
        return prepared.backend.start_some(
            runs,
            max_active,
            lambda done, total, active: bar.update(
                task, completed=done, total=total, active=f"{active} active, at most {max_active}"
            ),
        )


def _named(prepared: Prepared) -> str:
    """What commands need to be told where the folder remembers nothing."""
    return f" {prepared.experiment.name} --store {shlex.quote(prepared.store.url)}"


def _held_back(prepared: Prepared, outcome: Outcome, named: str) -> str:
    """Why some runs were not started, and what to do."""
    cause, held = outcome.shared_cause, len(outcome.not_started)
    assert cause is not None
    on_cluster = prepared.experiment.backend == "kubernetes"
    why = str(cause) if on_cluster else str(cause).partition(":")[0]  # each failure was said already
    stopping = f"; gridctl cancel{named} stops those that are active" if on_cluster else ""
    return (
        f"stopped: {why}\n  {held} more {'was' if held == 1 else 'were'} not started{stopping}\n"
        "  once that is put right, the same command with --retry-failed starts all of them"
    )


def _summary_line(prepared: Prepared, outcome: Outcome, took: str) -> str:
    """How many runs ended how, and how long that took; on a cluster, what was created."""
    from gridctl.terminal.console import count

    plan = prepared.plan
    held_back = len(outcome.cancelled) + len(outcome.left) + len(outcome.not_started)
    done_before = (len(plan.skip), "done before")
    if prepared.experiment.backend == "kubernetes":
        waiting = len(plan.to_do) - len(outcome.created) - len(outcome.failed) - held_back
        made = count(len(outcome.created), "Job") + " created"
        said = [
            (len(outcome.failed), "refused"),
            (waiting, "not created"),
            (len(plan.leave), "active before"),
            done_before,
        ]
    else:
        interrupted = len(plan.to_do) - len(outcome.done) - len(outcome.failed) - held_back
        made = count(len(outcome.done), "run") + " done"
        said = [(len(outcome.failed), "failed"), (interrupted, "interrupted or not started"), done_before]
    said += [
        (len(outcome.cancelled), "cancelled"),
        (len(outcome.not_started), "held back"),
        (len(plan.failed), "failed before"),
    ]
    parts = [made, *(f"{number} {what}" for number, what in said if number)]
    return f"{prepared.experiment.name}: {', '.join(parts)}; {took}"


def _finish_submit(prepared: Prepared, outcome: Outcome, took: str, named: str) -> None:
    from gridctl import errors
    from gridctl.runs.shared_cause import without_run
    from gridctl.terminal import console

    by_message: dict[str, list[str]] = {}
    for run_id, message in outcome.failed.items():
        by_message.setdefault(without_run(message), []).append(run_id)
    for run_ids in by_message.values():
        others = f" and {len(run_ids) - 1} more" if len(run_ids) > 1 else ""
        console.say(f"failed: {run_ids[0]}{others}: {outcome.failed[run_ids[0]]}")
    if prepared.plan.to_do:
        console.say(_summary_line(prepared, outcome, took))
    if outcome.not_started and outcome.shared_cause:
        console.say(_held_back(prepared, outcome, named))
    if outcome.left:
        console.say(
            f"{console.count(len(outcome.left), 'run')} left to whoever holds them: see `gridctl status{named}`"
        )
    if outcome.cancelled:
        them = "it" if len(outcome.cancelled) == 1 else "them"
        console.say(f"{console.count(len(outcome.cancelled), 'run')} cancelled; the same command resumes {them}")
    if outcome.interrupted:
        console.say(
            "interrupted; the same command goes on from the last checkpoints"
            if prepared.experiment.backend == "local"
            else f"interrupted after creating {console.count(len(outcome.created), 'Job')}; "
            "what was created goes on, and the same command creates the rest"
        )
        raise typer.Exit(errors.INTERRUPTED)
    console.say_unreadable(prepared.collected.problems)
    if outcome.unreachable:
        raise typer.Exit(errors.UNREACHABLE)
    stopped_short = outcome.cancelled or outcome.not_started
    if prepared.experiment.backend == "kubernetes" and outcome.failed and not outcome.created:
        raise typer.Exit(errors.INVALID_INPUT)  # the API server takes none of them, as the dry run says
    if outcome.failed or stopped_short or prepared.plan.failed or prepared.collected.problems:
        if outcome.failed and not stopped_short and prepared.experiment.backend == "local":
            at = f" --store {shlex.quote(prepared.store.url)}" if named else ""
            console.say(f"next: gridctl logs {next(iter(outcome.failed))}{at}, then gridctl retry{named}")
        only_cancelled = not (
            outcome.failed or outcome.not_started or prepared.plan.failed or prepared.collected.problems
        )
        raise typer.Exit(errors.INTERRUPTED if only_cancelled else errors.RUNS_FAILED)
    console.say(f"next: gridctl status{named}, gridctl report{named} --significance")
