"""The `gridctl` command: parse, call one function, print, exit code.

Command bodies import their own work, so that `gridctl --help` stays fast.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from orchestrator import cli_cluster, cli_experiment_file, cli_report, cli_status, cli_submission

app = typer.Typer(
    name="gridctl",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train a grid of models, and say whether one is better than another on little data.",
    epilog="Exit codes: 0 ok, 1 runs failed, 2 invalid input, 3 cluster or store unreachable, 130 interrupted.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from orchestrator.console import show

        show(f"gridctl {version('gridctl')}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options of every command."""
    if debug:
        os.environ["GRIDCTL_DEBUG"] = "1"


app.command()(cli_experiment_file.init)
app.command()(cli_submission.submit)


app.command()(cli_status.status)
app.command("list")(cli_status.list_experiments)


app.command()(cli_report.report)
app.command()(cli_report.plan)
app.command()(cli_report.export)
app.command()(cli_cluster.logs)
app.command()(cli_cluster.cancel)
app.command()(cli_submission.retry)
app.command()(cli_cluster.delete)
app.command()(cli_submission.render)
app.command()(cli_cluster.doctor)
app.command()(cli_experiment_file.schema)


def main() -> None:
    """Run a command; a fault becomes its message and exit code, a bug one line unless `--debug` is given."""
    from trainer.contract.errors import Fault
    from trainer.contract.secrets import masked

    try:
        app(standalone_mode=True)
    except Fault as fault:
        if os.environ.get("GRIDCTL_DEBUG"):
            _show_traceback()
        from orchestrator.console import show_error
        from orchestrator.errors import exit_code_of

        show_error(fault)
        sys.exit(exit_code_of(fault))
    except BrokenPipeError:  # `gridctl status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("GRIDCTL_DEBUG"):
            _show_traceback()
        sys.stderr.write(
            f"error: a bug in gridctl: {masked(f'{type(error).__name__}: {error}')}\n"
            "  run it again as `gridctl --debug ...` and report what it shows\n"
        )
        sys.exit(_BUG)


def _show_traceback() -> None:
    import traceback

    from trainer.contract.secrets import masked

    sys.stderr.write(masked(traceback.format_exc()))


_BUG = 70


if __name__ == "__main__":
    main()
