"""Shell completion for both programs. It may find nothing, but it never fails and never prints an error."""

from __future__ import annotations

import functools
import os
import shlex
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

_BASH_RETURN: Final = "    return 0\n"
_BASH_NO_SPACE: Final = """\
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
"""

Completer = Callable[[str], list[str]]


def completer(function: Callable[[str], Iterable[str]]) -> Completer:
    """Make a function that completes a value, and that proposes nothing if anything goes wrong.

    Args:
        function: Takes the beginning of a value and returns all values that may be meant.
    """

    @functools.wraps(function)
    def complete(incomplete: str) -> list[str]:
        try:
            return [value for value in function(incomplete) if value.startswith(incomplete)]
        except Exception:
            return []

    complete.__annotations__ = {}  # without annotations, typer identifies the arguments by their names
    return complete


def typed_words() -> list[str]:
    """The words of the command line so far, beginning with the program.

    The parser provides no words while the last one is an option that still needs a value.
    """
    typed = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")  # bash, or another shell
    try:
        words = shlex.split(typed)
    except ValueError:  # a quote is open
        words = typed.split()
    return [word for word in words if word != "="]  # bash splits `--store=runs` at the sign


def typed_option(name: str) -> str:
    """The value of an option on the command line so far; empty if it has none."""
    words = typed_words()
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == name:
            return following
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def is_completing(program: str) -> bool:
    """Whether a shell is asking a program for completions, as opposed to a user running it."""
    return os.environ.get(_variable(program), "").startswith("complete")


def _variable(program: str) -> str:
    return f"_{program.replace('-', '_').upper()}_COMPLETE"


def is_asked_for_script(program: str) -> bool:
    """Whether the program is asked to print or install its completion script for a shell."""
    options = ("--install-completion", "--show-completion")
    return _variable(program) in os.environ or any(word.startswith(options) for word in sys.argv[1:])


def go_on_after_equals() -> None:
    """Make bash add no blank after `KEY=`, as the value is still to be typed; fish adds none anyway."""
    try:
        from typer import _completion_classes, _completion_shared

        scripts = _completion_shared._completion_scripts
        script = scripts["bash"].replace(_BASH_RETURN, _BASH_NO_SPACE + _BASH_RETURN)
        scripts["bash"] = script
        _completion_classes.BashComplete.source_template = script
    except (ImportError, AttributeError, KeyError):  # another version of typer, whose completion stays as it is
        return


def _answer_with_equals() -> None:
    """Make bash complete what follows `KEY=`, which it takes for separate words, and zsh add no blank after `=`."""
    try:
        from typer import _completion_classes

        bash, zsh = _completion_classes.BashComplete, _completion_classes.ZshComplete
        bash_words, zsh_answer = bash.get_completion_args, zsh.complete
        bash_item = bash.format_completion
    except (ImportError, AttributeError):  # another version of typer, whose completion stays as it is
        return

    def words(self: Any) -> tuple[list[str], str]:
        arguments, incomplete = bash_words(self)
        joined, begun = joined_at_equals(arguments, incomplete)
        self.left_of_equals = begun.removesuffix(incomplete.removeprefix("=")) if begun != incomplete else ""
        return joined, begun

    def item(self: Any, found: Any) -> str:
        return bash_item(self, found).removeprefix(getattr(self, "left_of_equals", ""))

    def answer(self: Any) -> str:
        found = self.get_completions(*self.get_completion_args())
        if found and all(one.value.endswith("=") for one in found):
            return f"compadd -S '' -- {shlex.join(one.value for one in found)}"
        return str(zsh_answer(self))

    setattr(bash, "get_completion_args", words)  # noqa: B010 - mypy takes no assignment to a method
    setattr(bash, "format_completion", item)  # noqa: B010
    setattr(zsh, "complete", answer)  # noqa: B010


def joined_at_equals(arguments: list[str], incomplete: str) -> tuple[list[str], str]:
    """Join `KEY`, `=` and `VALUE` at the end of a command line, where bash splits them, into one word."""
    if incomplete == "=" and arguments:
        return arguments[:-1], f"{arguments[-1]}="
    if len(arguments) > 1 and arguments[-1] == "=":
        return arguments[:-2], f"{arguments[-2]}={incomplete}"
    return arguments, incomplete


def answer_shell(app: Callable[[], object]) -> None:
    """Print completions, and nothing else whatever happens."""
    _answer_with_equals()
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - until the process ends
    try:
        app()
    except Exception:
        sys.exit(0)
