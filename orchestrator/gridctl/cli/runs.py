"""The commands about runs that exist: logs, cancel, delete; and doctor, about what they need."""

from __future__ import annotations

from typing import Annotated

import typer

from gridctl.cli import completion
from gridctl.cli.options import (
    AsJson,
    BackendName,
    ExperimentFile,
    ExperimentName,
    ExperimentOfRun,
    Overrides,
    RunNames,
    StoreUrl,
    WithPreflight,
    Yes,
)


def logs(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A run's id, or the beginning of it.",
            show_default=False,
            autocompletion=completion.runs,
        ),
    ],
    experiment: ExperimentOfRun = None,
    store: StoreUrl = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more, until the run has ended.")] = False,
) -> None:
    """Print the output of a run's newest attempt."""
    from gridctl.commands.logs import read_logs
    from gridctl.commands.lookup.runs import find_run
    from gridctl.terminal import console

    found, wanted = find_run(run, experiment, store)
    for line in read_logs(found, wanted, follow=follow):
        console.show(line)
        console.flush()


def cancel(
    experiment: ExperimentName = None,
    runs: RunNames = None,
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Stop active runs, on the cluster or on this machine; each trainer writes a checkpoint first."""
    from gridctl.commands.cancel import cancel as stop
    from gridctl.commands.lookup.experiments import find_experiment
    from gridctl.commands.lookup.runs import match_runs
    from gridctl.terminal import console

    found = find_experiment(experiment, store)
    stopped = stop(found, match_runs(found, runs) if runs else None)
    if as_json:
        console.show_json({"cancelled": stopped.run_ids})
    resumed = "; the same submit command, with its --set options, resumes them" if stopped.run_ids else ""
    console.say(f"{found.experiment.name}: {console.count(len(stopped.run_ids), 'active run')} cancelled{resumed}")
    if stopped.problem:
        console.say(f"note: the store could not record it, so they will be shown as interrupted: {stopped.problem}")


def delete(
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="EXPERIMENT", help="Name or file.", show_default=False, autocompletion=completion.experiments
        ),
    ],
    runs: RunNames = None,
    store: StoreUrl = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Delete Jobs and everything in the store: specifications, checkpoints, metrics, results."""
    from gridctl.commands.delete import delete as remove
    from gridctl.commands.delete import prepare_deletion
    from gridctl.commands.lookup.experiments import GoneExperimentError, find_experiment
    from gridctl.commands.lookup.runs import match_runs
    from gridctl.submissions.submitted_experiments import forget
    from gridctl.terminal import console

    try:
        found = find_experiment(experiment, store)
    except GoneExperimentError as gone:
        if runs or not forget(gone.name, gone.store_url):
            raise
        console.say(f"{gone.store_url} holds no experiment {gone.name}; it is no longer listed here")
        return
    deletion = prepare_deletion(found, match_runs(found, runs) if runs else None)
    what = f"{console.count(len(runs), 'run')} of {found.experiment.name}" if runs else found.experiment.name
    console.say(
        f"{what} in {found.store.url}: {console.count(len(deletion.keys), 'object')}, "
        f"{deletion.size_bytes / 1e6:.1f} MB, {console.count(deletion.done, 'finished run')}, "
        f"{len(deletion.active)} active"
    )
    if not yes:
        console.confirm("Delete all of it? It cannot be brought back", otherwise="--yes deletes without asking")
    remove(found, deletion)
    if not runs:
        forget(found.experiment.name, found.store.url)
    if as_json:
        console.show_json({"deleted": deletion.keys})
    console.say("deleted")


def doctor(
    experiment: ExperimentFile,
    overrides: Overrides = None,
    backend: BackendName = None,
    store: StoreUrl = None,
    preflight: WithPreflight = True,
    as_json: AsJson = False,
) -> None:
    """Check what runs need before a whole grid fails: cluster, Secret, image; device, data, models; store."""
    from gridctl import errors
    from gridctl.commands.doctor import diagnose
    from gridctl.executors.base import InterruptedPreflightError
    from gridctl.experiment import load_experiment
    from gridctl.terminal import console

    loaded = load_experiment(experiment, overrides or [], store=store, backend=backend)
    checks = []
    said: set[str] = set()
    try:
        for check in diagnose(loaded, with_preflight=preflight):
            checks.append(check)
            if not as_json:
                console.show(f"{check.state:<8} {check.name}: {check.says}")
                for line in check.fix.splitlines():
                    if line not in said:  # one command may fix several things
                        console.show(f"         {line}")
                    said.add(line)
    except InterruptedPreflightError:
        raise typer.Exit(errors.INTERRUPTED) from None
    if as_json:
        console.show_json([check.to_json() for check in checks])
    failed = [check for check in checks if check.state == "failed"]
    if failed:
        # Other failures may follow from this one, such as requests that were not allowed.
        out_of_reach = any(check.unreachable for check in failed)
        raise typer.Exit(errors.UNREACHABLE if out_of_reach else errors.INVALID_INPUT)
