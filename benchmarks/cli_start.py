"""How long `gridctl --help` and that of a command take, beside the help of an empty program of typer.

    python benchmarks/cli_start.py

They are run in turn; medians of nine after one warm-up. The goal is 0.2 s.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 9
TYPER = "import typer; app = typer.Typer(); app.command()(lambda: None); app()"


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "typer --help": [sys.executable, "-c", TYPER, "--help"],
        "gridctl --help": [sys.executable, "-m", "gridctl", "--help"],
        "gridctl status --help": [sys.executable, "-m", "gridctl", "status", "--help"],
    }
    measured: dict[str, list[float]] = {name: [] for name in commands}
    for round_number in range(ROUNDS + 1):
        for name, command in commands.items():
            taken = seconds(command)
            if round_number:  # the first fills the file cache
                measured[name].append(taken)
    medians = {name: statistics.median(values) for name, values in measured.items()}
    for name, value in medians.items():
        ratio = value / medians["typer --help"]
        sys.stdout.write(f"{name:<22} median {value * 1000:5.0f} ms of {ROUNDS}   {ratio:.2f} times typer's\n")


if __name__ == "__main__":
    main()
