"""The `gridctl` command: parse, call one function, print, exit code.

Command bodies import their own work, so that `gridctl --help` stays fast.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from gridctl.cli import deciding as cli_deciding
from gridctl.cli import init as cli_experiment_file
from gridctl.cli import prediction as cli_prediction
from gridctl.cli import report as cli_report
from gridctl.cli import runs as cli_cluster
from gridctl.cli import scoring as cli_scoring
from gridctl.cli import sealing as cli_sealing
from gridctl.cli import status as cli_status
from gridctl.cli import submission as cli_submission
from gridctl.cli.help_examples import EXAMPLES
from gridctl_trainer.terminal.command_app import CommandApp
from gridctl_trainer.terminal.completion import answer_shell, is_completing
from gridctl_trainer.terminal.usage_examples import examples

if TYPE_CHECKING:
    from gridctl_trainer.contract.errors import Fault

app = CommandApp(
    name="gridctl",
    help="Train a grid of models, and say whether one is better than another on little data.",
    epilog=examples(*EXAMPLES[""])
    + "\n\nExit codes: 0 ok, 1 runs failed, 2 invalid input, 3 cluster or store unreachable, 130 interrupted, "
    "141 output not read.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from gridctl.terminal.console import show

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


_COMMANDS: Mapping[str, Callable[..., None]] = {
    "init": cli_experiment_file.init,
    "submit": cli_submission.submit,
    "decide": cli_deciding.decide,
    "status": cli_status.status,
    "list": cli_status.list_experiments,
    "report": cli_report.report,
    "plan": cli_report.plan,
    "export": cli_report.export,
    "seal": cli_sealing.seal,
    "verify": cli_sealing.verify,
    "logs": cli_cluster.logs,
    "predict": cli_prediction.predict,
    "cancel": cli_cluster.cancel,
    "retry": cli_submission.retry,
    "delete": cli_cluster.delete,
    "render": cli_submission.render,
    "score": cli_scoring.score,
    "doctor": cli_cluster.doctor,
    "schema": cli_experiment_file.schema,
}
for _name, _command in _COMMANDS.items():
    app.command(_name, epilog=examples(*EXAMPLES[_name]))(_command)


def main() -> None:
    """Run a command; a fault becomes its message and exit code, a bug one line unless `--debug` is given."""
    from gridctl_trainer.terminal.command_line import run_command

    if is_completing("gridctl"):
        answer_shell(app)
        return
    run_command(app, "gridctl", show=_show, exit_code_of=_exit_code_of, unforeseen=_unforeseen)


def _show(fault: Fault) -> None:
    from gridctl.terminal.console import show_error

    if os.environ.get("GRIDCTL_DEBUG"):
        _show_traceback(fault)
    show_error(fault)


def _exit_code_of(fault: Fault) -> int:
    from gridctl.errors import exit_code_of

    return exit_code_of(fault)


def _unforeseen(error: Exception) -> int:
    from gridctl_trainer.contract.secrets import masked

    if os.environ.get("GRIDCTL_DEBUG"):
        _show_traceback(error)
    if isinstance(error, UnicodeEncodeError):
        sys.stderr.write(
            f"error: the locale's encoding, {error.encoding}, has no name for the file {error.object!r}\n"
            "  set LC_ALL=C.UTF-8\n"
        )
        return _INVALID_INPUT
    sys.stderr.write(
        f"error: a bug in gridctl: {masked(f'{type(error).__name__}: {error}')}\n"
        "  run it again as `gridctl --debug ...` and report what it shows\n"
    )
    return _BUG


def _show_traceback(error: Exception) -> None:
    import traceback

    from gridctl_trainer.contract.secrets import masked

    sys.stderr.write(masked("".join(traceback.format_exception(error))))


_INVALID_INPUT = 2
_BUG = 70


if __name__ == "__main__":
    main()
