"""Runs the installed commands, each call in a separate process, without paying for the imports of each.

A server imports what the command imports and forks for every call. The child has the call's arguments, environment and
folder and real standard streams, and ends as any process does. Tens of calls cost as much as one start of Python. Where
the environment of a call sets up Python itself in another way, a fresh Python is started after all.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NoReturn


def _of_python(environment: Mapping[str, str]) -> dict[str, str]:
    """Settings that Python reads when it starts: a fork would miss a `PYTHONPATH` with a `sitecustomize`, say."""
    return {name: value for name, value in environment.items() if name.startswith("PYTHON")}


_OF_PYTHON = _of_python(os.environ)


class ForkedCommand:
    """Calls one console script of this project, `gridctl` or `gridctl-trainer`."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._server: subprocess.Popen[str] | None = None

    def __call__(self, arguments: tuple[str, ...], cwd: Path, env: Mapping[str, str]) -> CompletedCall:
        if _of_python(env) != _OF_PYTHON:
            command = [sys.executable, "-m", self._program.replace("-", "_"), *arguments]
            return subprocess.run(
                command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
            )
        out, err = self._folder / "out", self._folder / "err"
        call = {"arguments": arguments, "cwd": str(cwd), "env": dict(env), "out": str(out), "err": str(err)}
        try:
            code = self._ask(json.dumps(call))
        except BaseException:  # for example a test's timeout; the next call must not read what this one waited for
            self.end()
            raise
        return subprocess.CompletedProcess(arguments, code, out.read_text("utf-8"), err.read_text("utf-8"))

    def _ask(self, call: str) -> int:
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-P", __file__, self._program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(call + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def end(self) -> None:
        """End the server and everything that it has started; a further call starts a new server."""
        if self._server is not None:
            server, self._server = self._server, None
            os.killpg(server.pid, signal.SIGKILL)
            with contextlib.suppress(BrokenPipeError):
                server.communicate()


CompletedCall = subprocess.CompletedProcess[str]


@contextlib.contextmanager
def forked_command(program: str) -> Iterator[ForkedCommand]:
    """A server for calls of `program`, which is ended afterwards with everything that it has started."""
    with tempfile.TemporaryDirectory() as folder:
        command = ForkedCommand(program, Path(folder))
        try:
            yield command
        finally:
            command.end()


def _serve(program: str) -> None:
    (script,) = entry_points(group="console_scripts", name=program)
    main = script.load()
    for line in iter(sys.stdin.readline, ""):
        gc.freeze()  # otherwise, the garbage collector of a child would copy every page that it visits
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _become(program, json.loads(line))
            code = _exit_code(main)
            with os.fdopen(writing, "w") as pipe:
                json.dump(list(sys.modules), pipe)
            _end(code)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            imported = pipe.read()
        _, status = os.waitpid(child, 0)
        _import(json.loads(imported or "[]"))
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _exit_code(main: Callable[[], object]) -> int:
    """The exit code that Python derives from how `main` ends."""
    try:
        main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _end(code: int) -> NoReturn:
    """End like the interpreter, but without tearing down modules, which would copy most of the server's memory."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _become(program: str, call: Any) -> None:
    """Become like a process that was started for this call."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for descriptor, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, os.open(call["out"], flags))):
        os.dup2(file, descriptor)
    os.dup2(os.open(call["err"], flags), 2)
    os.chdir(call["cwd"])
    os.environ.clear()
    os.environ.update(call["env"])
    sys.argv = [program, *call["arguments"]]


def _import(names: list[str]) -> None:
    """Import what a call has imported, for the calls that follow."""
    for name in names:
        if name not in sys.modules:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)


if __name__ == "__main__":
    _serve(sys.argv[1])
