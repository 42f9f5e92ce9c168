"""Times `gridctl --help` and the help of a command against the help of an empty typer program.

    python benchmarks/cli_start.py

The commands alternate; the script prints medians of nine rounds after one warm-up. The goal is 0.2 s.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.in_turn import median_seconds

ROUNDS = 9
TYPER = "import typer; app = typer.Typer(); app.command()(lambda: None); app()"


def main() -> None:
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "typer --help": [sys.executable, "-c", TYPER, "--help"],
        "gridctl --help": [sys.executable, "-m", "gridctl", "--help"],
        "gridctl status --help": [sys.executable, "-m", "gridctl", "status", "--help"],
    }
    run = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL)
    medians = median_seconds({name: partial(run, command) for name, command in commands.items()}, ROUNDS)
    for name, value in medians.items():
        ratio = value / medians["typer --help"]
        sys.stdout.write(f"{name:<22} median {value * 1000:5.0f} ms of {ROUNDS}   {ratio:.2f} times typer's\n")


if __name__ == "__main__":
    main()
