"""Makes the standard streams of a command robust, whatever they are connected to.

Standard output carries results: a write that fails ends the command with one message, or silently if the reader has
gone. Standard error carries notes: if they cannot be written, they are dropped and the work continues. Characters that
an encoding lacks are spelled in ASCII.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import select
import sys
from typing import Any, ClassVar, Final, TextIO

from gridctl_trainer.contract import exit_codes
from gridctl_trainer.contract.errors import Fault
from gridctl_trainer.terminal.ascii import in_ascii

READER_GONE: Final = 141
"""128 + SIGPIPE: the exit code of tools such as git if their output is not read to the end."""

_ERRORS: Final = "gridctl-spelled"


class OutputError(Fault):
    """Results cannot be written to standard output."""

    exit_code: ClassVar[int] = exit_codes.BUG


class ReaderGoneError(OutputError):
    """The reader of standard output has stopped, as in `gridctl status | head -1`; nothing is wrong."""

    exit_code: ClassVar[int] = READER_GONE


class _Results(io.FileIO):
    """Standard output. The first failed write raises an error; later ones are dropped, so that exiting cannot fail."""

    _lost = False

    def write(self, data: Any) -> int:
        written = None if not self._lost else len(data)
        while written is None:
            try:
                written = super().write(data)
            except OSError as error:
                self._lost = True
                raise _as_fault(error) from None
            if written is None:  # a nonblocking pipe is full
                select.select([], [self], [])
        return written


class _Notes(io.FileIO):
    """Standard error. Anything that cannot be written is dropped."""

    def write(self, data: Any) -> int:
        try:
            written = super().write(data)
        except OSError:
            return len(data)
        return len(data) if written is None else written


def prepare_standard_streams() -> None:
    """Replace the standard streams of this process with robust ones, except streams that a program has put in place."""
    codecs.register_error(_ERRORS, _spell)
    if sys.stdin is None:
        sys.stdin = open(_descriptor(0, os.O_RDONLY), encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stdout is None or _is(sys.stdout, 1):
        unwritable = os.O_RDONLY  # so that a write to a closed stream fails instead of seeming to succeed
        sys.stdout = _text(_Results(_descriptor(1, unwritable), "w", closefd=False), sys.stdout)
    if sys.stderr is None or _is(sys.stderr, 2):
        sys.stderr = _text(_Notes(_descriptor(2, os.O_WRONLY), "w", closefd=False), sys.stderr, by_lines=True)
    with contextlib.suppress(AttributeError, ValueError):
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]


def takes_unicode(stream: TextIO) -> bool:
    """Whether every character can be written to a stream as it is."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")


def _descriptor(number: int, flags: int) -> int:
    """Return a standard descriptor. If it was closed, open the null device, so that no other file gets its number."""
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, flags)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
        os.set_inheritable(number, True)
    return number


def _is(stream: Any, number: int) -> bool:
    try:
        return bool(stream.fileno() == number)
    except (AttributeError, OSError, ValueError):
        return False


def _text(raw: io.FileIO, before: Any, *, by_lines: bool = False) -> TextIO:
    if before is not None:
        with contextlib.suppress(OSError, ValueError):
            before.flush()
    at_once = raw.isatty() or bool(getattr(before, "write_through", False)) or by_lines
    encoding = getattr(before, "encoding", None) or "utf-8"
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, _ERRORS, line_buffering=at_once)


def _as_fault(error: OSError) -> OutputError:
    if error.errno == errno.EPIPE:
        return ReaderGoneError("the reader of the output has gone")
    why = "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)
    return OutputError(f"cannot write the output: {why}")


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(in_ascii, error.object[error.start : error.end])), error.end
