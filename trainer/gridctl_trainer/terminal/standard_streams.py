"""The standard streams of a command: whatever they are connected to, its work is done and its outcome is said.

Standard output carries results: a write that fails ends the command with one message, or quietly where the reader
has gone. Standard error carries notes: where nobody takes them, they are dropped and the work goes on. What an
encoding lacks is spelled in ASCII.
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
"""128 + SIGPIPE: what a shell says of a tool such as git whose output nobody reads to its end."""

_ERRORS: Final = "gridctl-spelled"


class OutputError(Fault):
    """Results cannot be written to standard output."""

    exit_code: ClassVar[int] = exit_codes.BUG


class ReaderGoneError(OutputError):
    """Whoever read standard output has stopped, as in `gridctl status | head -1`: nothing is wrong."""

    exit_code: ClassVar[int] = READER_GONE


class _Results(io.FileIO):
    """Standard output. The first write that fails says so; later ones are dropped, so that no end can fail again."""

    _lost = False

    def write(self, data: Any) -> int:
        written = None if not self._lost else len(data)
        while written is None:
            try:
                written = super().write(data)
            except OSError as error:
                self._lost = True
                raise _as_fault(error) from None
            if written is None:  # a pipe that does not block, and is full
                select.select([], [self], [])
        return written


class _Notes(io.FileIO):
    """Standard error. What cannot be written is dropped."""

    def write(self, data: Any) -> int:
        try:
            written = super().write(data)
        except OSError:
            return len(data)
        return len(data) if written is None else written


def prepare_standard_streams() -> None:
    """Make the streams of this process such as the module says. Streams that a program put in their place stay."""
    codecs.register_error(_ERRORS, _spell)
    if sys.stdin is None:
        sys.stdin = open(_descriptor(0, os.O_RDONLY), encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stdout is None or _is(sys.stdout, 1):
        unwritable = os.O_RDONLY  # so that a write says that the stream is closed, and does not pass for done
        sys.stdout = _text(_Results(_descriptor(1, unwritable), "w", closefd=False), sys.stdout)
    if sys.stderr is None or _is(sys.stderr, 2):
        sys.stderr = _text(_Notes(_descriptor(2, os.O_WRONLY), "w", closefd=False), sys.stderr, by_lines=True)
    with contextlib.suppress(AttributeError, ValueError):
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]


def takes_unicode(stream: TextIO) -> bool:
    """Whether every character can be written to a stream as it is."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")


def _descriptor(number: int, flags: int) -> int:
    """A standard descriptor; where it was closed, the null device, so that no other file is opened under its number."""
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
        return ReaderGoneError("nobody reads the output any more")
    why = "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)
    return OutputError(f"cannot write the output: {why}")


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(in_ascii, error.object[error.start : error.end])), error.end
