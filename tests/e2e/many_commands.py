"""Many commands in one process, for sweeps over inputs: to start each anew would take minutes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_DRIVER = """\
import contextlib, io, json, os, sys
from importlib.metadata import entry_points
main = {script.name: script.load() for script in entry_points(group="console_scripts", name=sys.argv[1])}[sys.argv[1]]
before = dict(os.environ)
for line in sys.stdin:
    arguments, environment = json.loads(line)
    os.environ.clear()
    os.environ.update({name: value for name, value in {**before, **environment}.items() if value is not None})
    sys.argv[1:] = arguments
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""


@dataclass(frozen=True)
class Command:
    """Arguments of a command, and variables that differ for it; None unsets one."""

    arguments: Sequence[str]
    environment: Mapping[str, str | None]


@dataclass(frozen=True)
class Ended:
    """What became of a command."""

    returncode: int
    stdout: str
    stderr: str


def run_each(script: str, commands: Sequence[Command], folder: Path) -> list[Ended]:
    """Run a console script with each of many arguments, one after the other.

    Args:
        script: Its name, such as `gridctl`.
        commands: What to run.
        folder: Where.
    """
    lines = "".join(json.dumps([command.arguments, command.environment]) + "\n" for command in commands)
    done = subprocess.run(
        [sys.executable, "-c", _DRIVER, script],
        cwd=folder,
        input=lines,
        env=os.environ.copy(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    ended = [Ended(*json.loads(line)) for line in done.stdout.splitlines()]
    assert len(ended) == len(commands), done.stderr
    return ended
