"""Runs either program: parses the command line, calls the command, and exits with the right code and message."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final, NoReturn

import typer

from gridctl_trainer.contract.errors import Fault
from gridctl_trainer.terminal.completion import go_on_after_equals, is_asked_for_script
from gridctl_trainer.terminal.standard_streams import OutputError, ReaderGoneError, prepare_standard_streams

_USAGE: Final = 2
_INTERRUPTED: Final = 130


class UsageFault(Fault):
    """The command line has an unknown command or option, or an invalid value."""

    exit_code = _USAGE


def run_command(
    app: typer.Typer,
    program: str,
    *,
    show: Callable[[Fault], None],
    exit_code_of: Callable[[Fault], int],
    unforeseen: Callable[[Exception], int],
) -> NoReturn:
    """Run the command that the arguments of this process name, and exit.

    Args:
        app: All commands.
        program: Name of the program.
        show: Shows a fault.
        exit_code_of: Returns the exit code of a fault.
        unforeseen: Shows an unexpected error, and returns its exit code.
    """
    prepare_standard_streams()

    def ended(work: Callable[[], int]) -> int:
        try:
            return work()
        except ReaderGoneError as fault:
            return fault.exit_code
        except OutputError as fault:
            show(fault)
            return fault.exit_code
        except Fault as fault:
            show(fault)
            return exit_code_of(fault)
        except KeyboardInterrupt:
            return _INTERRUPTED
        except Exception as error:
            return unforeseen(error)

    exit_code = ended(lambda: _called(app, program))
    sys.exit(exit_code or ended(_written))


def _called(app: typer.Typer, program: str) -> int:
    if is_asked_for_script(program):
        go_on_after_equals()
    try:
        code: Any = app(standalone_mode=False, prog_name=program)
    except Exception as error:
        if type(error).__name__ == "Abort":  # Ctrl-C, in older versions of typer
            return _INTERRUPTED
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stdout.write(str(getattr(error, "message", "")))
            return _USAGE
        if hasattr(error, "format_message"):  # an error of click, or of typer's own copy of click
            raise _usage_fault(error) from error
        raise
    return code if isinstance(code, int) else 0


def _written() -> int:
    sys.stdout.flush()
    return 0


def _usage_fault(error: Any) -> UsageFault:
    from pydantic import ValidationError

    from gridctl_trainer.contract.wording import problem_text

    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else ""
    fix = f"{path} --help shows what there is" if path else ""
    parameter = getattr(error, "param", None)
    cause = error.__cause__
    if parameter is not None and isinstance(cause, ValidationError):
        named = parameter.opts[0] if parameter.param_type_name == "option" else parameter.metavar or parameter.name
        return UsageFault(problem_text(cause.errors(include_url=False)[0]), where=str(named), fix=fix)
    message = str(error.format_message()).strip().rstrip(".")
    return UsageFault(message[:1].lower() + message[1:], fix=fix)
