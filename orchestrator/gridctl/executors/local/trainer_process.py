"""One trainer process: starts it, reads its output, stops it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import IO, Any, Final

import gridctl_start
from gridctl.errors import InputError

THREAD_VARIABLES: Final = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_SHOWN_LINES: Final = 12
_READ_BYTES: Final = 1 << 16
_SCARCE: Final = (errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOSPC)


class TrainerProcess:
    """`gridctl-trainer run SPEC` in a session of its own, so that the terminal's Ctrl-C does not reach it.

    Python starts with its safe path: no file in the current folder can shadow a module.

    Args:
        spec_location: File or URL of the specification.
        uid: Of the attempt.
        threads: CPU threads it may use.
        inherited: File descriptors it keeps open: its run's lock.
        tried: Whether a preflight of this machine has tried a step of its model.

    Raises:
        InputError: The system does not let it start.
    """

    def __init__(self, spec_location: str, *, uid: str, threads: int, inherited: tuple[int, ...], tried: bool) -> None:
        environment = {
            **os.environ,
            **dict.fromkeys(THREAD_VARIABLES, str(threads)),
            "PYTHONUNBUFFERED": "1",
            "PYTHONIOENCODING": "utf-8",  # both pipes are read here
            "GRIDCTL_ATTEMPT_UID": uid,
            "GRIDCTL_PREFLIGHT_PASSED": "1" if tried else "",
        }
        with contextlib.ExitStack() as undo:
            try:
                self._errors = undo.enter_context(tempfile.TemporaryFile())
                self._process = subprocess.Popen(
                    [sys.executable, "-P", gridctl_start.__file__, "run", "--progress", "json", spec_location],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    env=environment,
                    cwd=folder_that_exists(),
                    pass_fds=inherited,
                    start_new_session=True,
                )
            except OSError as error:
                raise cannot_start(error) from None
            undo.pop_all()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def events(self) -> Iterator[Mapping[str, Any]]:
        """Its progress lines as they come, until it closes its output."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if event := progress_event(line):
                yield event

    def wait(self) -> tuple[int, str]:
        """Wait for its end.

        Returns:
            Its exit code, negative for a signal, and its reason; empty if it gave none.
        """
        exit_code = self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        with self._errors as errors:
            return exit_code, said_on_stderr(exit_code, errors)

    def stop(self, *, at_once: bool) -> None:
        """Have it write a checkpoint and end, or kill it."""
        with contextlib.suppress(OSError):
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGKILL if at_once else signal.SIGTERM)

    def end(self) -> None:
        """Have it write a checkpoint and end, because its output can no longer be read, and wait for that."""
        self.stop(at_once=False)
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdout is not None
            while self._process.stdout.read(_READ_BYTES):  # a full pipe would block it
                pass
        self._process.wait()
        self._errors.close()


def progress_event(line: bytes | str) -> Mapping[str, Any]:
    """The event in a line of the trainer's standard output; empty if a library printed the line."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def cannot_start(error: OSError) -> InputError:
    """The error if the system cannot start the trainer."""
    fix = "lower --workers, or close other programs" if error.errno in _SCARCE else ""
    return InputError(f"cannot start the trainer: {error.strerror or error}", where=sys.executable, fix=fix)


def said_on_stderr(exit_code: int, errors: IO[bytes]) -> str:
    """The reason that an ended trainer gave; empty if it gave none.

    Args:
        exit_code: Negative for a signal.
        errors: Its standard error.
    """
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - _READ_BYTES))
    text = errors.read().decode(errors="replace")
    if exit_code < 0:
        hint = ": out of memory? lower the batch size or --workers" if -exit_code == signal.SIGKILL else ""
        return f"killed by {signal_name(-exit_code)}{hint}"
    said, found, message = text.rpartition("\nerror: ")
    if found:
        return message.strip()
    if said == "" and message.startswith("error: "):
        return message.removeprefix("error: ").strip()
    return "\n".join(text.strip().splitlines()[-_SHOWN_LINES:])


def folder_that_exists() -> str:
    """The current folder; the root if it was deleted, since libraries (oneMKL) do not load from a deleted one."""
    try:
        return os.getcwd()  # noqa: PTH109 - it is only passed on
    except OSError:
        return "/"


def signal_name(number: int) -> str:
    """`SIGKILL` for 9."""
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
