"""The command that adds seeds until a comparison is decided."""

from __future__ import annotations

from typing import Annotated

import typer

from gridctl.cli.options import AsJson, BackendName, ExperimentFile, Overrides, StoreUrl
from gridctl.cli.submission import MaxActive, NoVerify, Workers


def decide(
    experiment: ExperimentFile,
    overrides: Overrides = None,
    backend: BackendName = None,
    store: StoreUrl = None,
    max_seeds: Annotated[
        int | None,
        typer.Option("--max-seeds", min=1, help="At most so many seeds.", show_default="all that are declared"),
    ] = None,
    max_hours: Annotated[
        float | None,
        typer.Option("--max-hours", help="At most so many hours of training, all runs together.", show_default="all"),
    ] = None,
    seeds_at_once: Annotated[
        int,
        typer.Option("--seeds-at-once", min=1, help="Seeds that train at a time; those not needed are cancelled."),
    ] = 1,
    workers: Workers = None,
    max_active: MaxActive = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed runs again, once.")] = False,
    no_verify: NoVerify = False,
    as_json: AsJson = False,
) -> None:
    """Add seeds until one model is better, both are equivalent, or the budget is spent; then stop what is pending.

    Every model trains at the same seeds and ratios. It looks at the answer as compare.stopping declares: after every
    seed (anytime), or at declared looks alone. It may be killed and called again.
    """
    from gridctl import api
    from gridctl.cli.views.deciding import end_line, look_lines
    from gridctl.cli.views.submission import plan_line
    from gridctl.commands.deciding.look import Look
    from gridctl.commands.submission.submit import Prepared
    from gridctl.terminal import console

    def announce(prepared: Prepared) -> None:
        console.say(plan_line(prepared))

    def on_look(look: Look, follows: str) -> None:
        for line in look_lines(look, follows):
            (console.say if as_json else console.show)(line)
        console.flush()

    loaded = api.load(experiment, overrides or [], store=store, backend=backend)
    found = api.decide(
        loaded,
        max_seeds=max_seeds,
        max_hours=max_hours,
        seeds_at_once=seeds_at_once,
        workers=workers,
        max_active=max_active,
        retry_failed=retry_failed,
        verify=not no_verify,
        progress=console.on_stderr,
        on_prepared=announce,
        on_look=on_look,
    )
    if as_json:
        console.show_json(found.to_json())
    else:
        console.show(end_line(found))
    if found.ended in ("decided", "budget"):
        console.say(f"next: gridctl report {found.experiment} --store {found.store} --significance")
    elif found.ended == "failed":
        run = next(iter(found.failed))
        console.say(f"next: gridctl logs {run} --store {found.store}, then the same command with --retry-failed")
    if code := _exit_code(found.ended, unreachable=found.unreachable):
        raise typer.Exit(code)


def _exit_code(ended: str, *, unreachable: bool) -> int:
    from gridctl import errors

    if unreachable:
        return errors.UNREACHABLE
    if ended == "interrupted":
        return errors.INTERRUPTED
    return errors.RUNS_FAILED if ended in ("failed", "unusable") else errors.OK
