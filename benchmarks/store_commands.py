"""Times `status` and `report --significance` of finished runs as whole commands, with an empty and a full cache.

    python -m benchmarks.store_commands [--runs 1000] [--epochs 200] [--store s3://BUCKET/PREFIX] [--rounds 3]

Without `--store`, the store is a folder. The peer is a script that lists the store, reads each log in turn with boto3
(or from its file), parses it with `json` and makes one pandas table. It is also a whole process, including its start
and imports. The benchmark prints medians of time by the clock, processor time and peak memory. The goals for 1,000 runs
of 200 epochs in S3 on a quiet machine with two cores are 3 s for status with an empty cache and 1.2 s with a full one,
in 250 MB, and 4 s and 2 s for report. `--runs 20 --epochs 8` without a store is a tiny grid, whose status should take
0.4 s.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.collect import experiment, fill
from gridctl_trainer.contract.layout import experiment_yaml
from gridctl_trainer.storage.base import open_store


class Taken(NamedTuple):
    seconds: float
    processor: float
    peak_mib: float


MEASURE = """
import os, resource, subprocess, sys, time
began = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
sys.exit(done.returncode)
"""
"""Runs in a separate process, because the peak memory of a child includes that of the process that started it."""


def process(command: Sequence[str], cache: Path) -> Taken:
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONDONTWRITEBYTECODE": ""}  # as an installed package
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *command], check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    return Taken(*map(float, done.stdout.split()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store")
    arguments = parser.parse_args()
    made = experiment(arguments.runs, arguments.epochs)
    size = ["--runs", str(arguments.runs), "--epochs", str(arguments.epochs)]
    taken: dict[str, list[Taken]] = {}
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.store or f"{folder}/store"
        store = open_store(url)
        fill(store, made)
        store.put(experiment_yaml(made.name), made.document.to_yaml().encode())
        peer = [sys.executable, "-m", "benchmarks.collect", "--measure", "plain loop", "--store", url, *size]
        commands = {
            "status": [sys.executable, "-m", "gridctl", "status", "--store", url],
            "report": [sys.executable, "-m", "gridctl", "report", "--significance", "--store", url],
        }
        cache = Path(folder, "cache")
        for _ in range(arguments.rounds):
            taken.setdefault("plain loop", []).append(process(peer, cache))
            for name, command in commands.items():
                shutil.rmtree(cache, ignore_errors=True)
                for state in ("cold", "warm"):
                    taken.setdefault(f"{name}, {state}", []).append(process(command, cache))
    sys.stdout.write(f"{len(made.runs)} runs of {arguments.epochs} epochs, medians of {arguments.rounds}\n")
    plain = statistics.median(item.seconds for item in taken["plain loop"])
    for name, found in taken.items():
        seconds, processor, peak = (statistics.median(values) for values in zip(*found, strict=True))
        sys.stdout.write(
            f"{name:<14}{seconds:7.2f} s  {seconds / plain:5.2f}x  processor {processor:6.2f} s  peak {peak:5.0f} MiB\n"
        )


if __name__ == "__main__":
    main()
