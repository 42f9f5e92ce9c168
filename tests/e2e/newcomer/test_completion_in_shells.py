"""The command line after Tab in a real bash, zsh or fish, each on its own terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import sys
import time
from pathlib import Path
from typing import Final

import pytest

ON_CONTROL_X: Final = {
    "bash": ("bash --norc -i", r"""bind -x '"\C-x": echo "BUF""FER<$READLINE_LINE>"'"""),
    "zsh": (
        "zsh -f -i",
        "autoload -U compinit; compinit -u -D; zle -N show; bindkey '^X' show; "
        'show() { print -r -- "BUF""FER<$BUFFER>" }',
    ),
    "fish": ("fish --no-config -i", """bind \\cx 'echo "BUF""FER<"(commandline)">"'"""),
}
LOAD: Final = {"fish": "_GRIDCTL_COMPLETE=source_fish gridctl | source"}
TIMEOUT_S: Final = 120
DEVICE_ATTRIBUTES: Final = (b"\x1b[c", b"\x1b[0c")


class Shell:
    """An interactive shell that types what a person types."""

    def __init__(self, name: str, folder: Path) -> None:
        command, bind = ON_CONTROL_X[name]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._id, self._terminal = pty.fork()
        if self._id == 0:
            os.chdir(folder)
            os.execvpe(
                command.split()[0], command.split(), {**os.environ, "PATH": path, "HOME": str(folder), "TERM": "xterm"}
            )
        load = LOAD.get(name, f'eval "$(_GRIDCTL_COMPLETE=source_{name} gridctl)"')
        self.type(f'{bind}; {load}; echo "REA""DY"\n')
        self.wait_for("READY")

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def wait_for(self, pattern: str) -> str:
        """Read output until the pattern matches, and return its last group, or all of it without groups."""
        printed, until = b"", time.monotonic() + TIMEOUT_S
        while time.monotonic() < until:
            if select.select([self._terminal], [], [], 0.2)[0]:
                printed += (read := os.read(self._terminal, 1 << 16))
                if any(asked in read for asked in DEVICE_ATTRIBUTES):
                    self.type("\x1b[?62;22c")  # fish asks for the type of terminal
            if found := re.search(pattern, printed.decode(errors="replace")):
                return found[found.re.groups]
        raise AssertionError(f"no {pattern!r} in {printed!r}")

    def after_tab(self, typed: str) -> str:
        """The command line after these characters and Tab."""
        self.type(f"{typed}\t\x18")
        line = self.wait_for(r"BUFFER<([^>]*)>")
        self.type("\x15")
        return line

    def close(self) -> None:
        os.close(self._terminal)
        os.waitpid(self._id, 0)


@pytest.mark.parametrize("name", list(ON_CONTROL_X))
def test_no_blank_follows_a_key_and_its_few_values_are_known(name: str, trained: Path) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}: apt-get install {name}")
    shell = Shell(name, trained)
    try:
        start = "gridctl submit demo.yaml --set "
        assert shell.after_tab(f"{start}training.ep") == f"{start}training.epochs="
        assert shell.after_tab(f"{start}training.device=cu") == f"{start}training.device=cuda "
        assert shell.after_tab(f"{start}training.deterministic=f") == f"{start}training.deterministic=false "
    finally:
        shell.close()
