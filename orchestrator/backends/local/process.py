"""One trainer process: started, listened to, stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.errors import InputError

_THREAD_VARIABLES: Final = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_SHOWN_LINES: Final = 12


class TrainerProcess:
    """`gridctl-trainer run SPEC` in a session of its own, so that the terminal's Ctrl-C does not reach it.

    Args:
        spec_location: File or URL of the specification.
        threads: CPU threads it may use.
        inherited: File descriptors it keeps open: its run's lock.
    """

    def __init__(self, spec_location: str, *, threads: int, inherited: tuple[int, ...]) -> None:
        environment = {**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(threads)), "PYTHONUNBUFFERED": "1"}
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "trainer", "run", "--progress", "json", spec_location],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment,
                pass_fds=inherited,
                start_new_session=True,
            )
        except OSError as error:
            raise InputError(f"cannot start the trainer: {error.strerror}", where=sys.executable) from None

    def events(self) -> Iterator[Mapping[str, Any]]:
        """Its progress lines as they come, until it closes its output."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # a library that prints to standard output
            if isinstance(event, dict):
                yield event

    def wait(self) -> tuple[int, str]:
        """Wait for its end.

        Returns:
            Its exit code, negative for a signal, and the reason it gave.
        """
        exit_code = self._process.wait()
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace")
        self._errors.close()
        if exit_code < 0:
            name = signal.Signals(-exit_code).name
            hint = ": out of memory? lower the batch size or --workers" if name == "SIGKILL" else ""
            return exit_code, f"killed by {name}{hint}"
        said, found, message = text.rpartition("\nerror: ")
        if found:
            return exit_code, message.strip()
        if said == "" and message.startswith("error: "):
            return exit_code, message.removeprefix("error: ").strip()
        return exit_code, "\n".join(text.strip().splitlines()[-_SHOWN_LINES:]) or f"exit code {exit_code}"

    def stop(self, *, at_once: bool) -> None:
        """Ask for a checkpoint and an end, or end it at once."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL if at_once else signal.SIGTERM)
