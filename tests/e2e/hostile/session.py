"""Calls a command many times in one process, much faster than new processes, and reports how each call ended.

Run as `python -m tests.e2e.hostile.session`, it reads a JSON list of arguments per line and writes a JSON object for
each.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Answer:
    """How one call ended.

    Attributes:
        seconds: CPU time of the call.
    """

    code: int
    stdout: str
    stderr: str
    seconds: float


def answers(calls: Sequence[Sequence[str]], folder: Path) -> Iterator[Answer]:
    """Call `gridctl` once for each list of arguments, all in one child process."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.hostile.session", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert child.stdin
    assert child.stdout
    with child:
        for call in calls:
            child.stdin.write(json.dumps(list(call)) + "\n")
            child.stdin.flush()
            line = child.stdout.readline()
            assert line, f"the process died of {call}"
            yield Answer(**json.loads(line))
        child.stdin.close()


def _serve(folder: str) -> None:
    import os

    from gridctl.cli.main import main

    os.chdir(folder)
    for line in sys.stdin:
        sys.argv = ["gridctl", *json.loads(line)]
        out, err, code = io.StringIO(), io.StringIO(), 0
        began = time.process_time()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(bool(end.code))
        seconds = time.process_time() - began
        answer = {"code": code, "stdout": out.getvalue(), "stderr": err.getvalue(), "seconds": seconds}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(sys.argv[1])
