"""Causes system faults that a test cannot cause otherwise. Python imports this if its folder is in PYTHONPATH.

GRIDCTL_TEST_FLOCK     number of the error with which every file lock fails
GRIDCTL_TEST_POPEN     number of the error with which starting a process fails
GRIDCTL_TEST_TRAINER   how a trainer's process ends at once: `exit N` or `signal N`
"""

import os
import sys

if no_lock := os.environ.get("GRIDCTL_TEST_FLOCK"):
    import fcntl

    def flock(*_: object) -> None:
        raise OSError(int(no_lock), os.strerror(int(no_lock)))

    fcntl.flock = flock  # type: ignore[assignment]

if no_process := os.environ.get("GRIDCTL_TEST_POPEN"):
    import subprocess

    def fork_exec(*_: object) -> int:
        raise OSError(int(no_process), os.strerror(int(no_process)))

    subprocess._fork_exec = fork_exec  # type: ignore[attr-defined]

if (ending := os.environ.get("GRIDCTL_TEST_TRAINER")) and "run" in sys.orig_argv:
    kind, _, value = ending.partition(" ")
    if kind == "signal":
        os.kill(os.getpid(), int(value))
    os.write(2, b"these are its last lines\n")
    os._exit(int(value))
