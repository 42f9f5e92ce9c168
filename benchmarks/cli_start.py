"""How long `gridctl --help` takes, and that against a bare Python start.

    python benchmarks/cli_start.py

The two are run in turn; medians of five after one warm-up. The goal is under 0.3 s.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 5


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    commands = {
        "gridctl --help": [sys.executable, "-m", "gridctl", "--help"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    measured: dict[str, list[float]] = {name: [] for name in commands}
    for round_number in range(ROUNDS + 1):
        for name, command in commands.items():
            taken = seconds(command)
            if round_number:  # the first fills the file cache
                measured[name].append(taken)
    medians = {name: statistics.median(values) for name, values in measured.items()}
    for name, value in medians.items():
        sys.stdout.write(f"{name:<16} median {value * 1000:6.0f} ms of {ROUNDS}\n")
    sys.stdout.write(f"ratio {medians['gridctl --help'] / medians['python -c pass']:.1f}\n")


if __name__ == "__main__":
    main()
