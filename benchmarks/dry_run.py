"""`gridctl submit --dry-run` of many Jobs as a whole command, against Jinja and one C parse of each Job.

    export KUBECONFIG=... AWS_ENDPOINT_URL_S3=... AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... BUCKET=...
    python benchmarks/dry_run.py [RUNS ...]

The API server and the store are asked as for a submission; nothing is created. The peer is a process that is already
running. Both in turn, medians of three rounds. The goal is 1 s and 1.3 times the peer.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import render
from benchmarks.kubernetes_jobs import gridctl, namespace, seconds, written
from gridctl_trainer.storage.base import open_store

ROUNDS = 3
RUNS = (100, 1_000, 10_000)


def rounds(runs: int, number: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """By the clock and of processor time, of each round: those of the command, and those of its peer."""
    store = open_store(f"s3://{os.environ['BUCKET']}/benchmarks/{uuid.uuid4().hex}")
    ours, peers = [], []
    with namespace() as peer, tempfile.TemporaryDirectory() as folder:
        values = render.values_of(written(Path(folder) / "benchmark.yaml", runs, store, peer))
        for _ in range(number):
            ours.append(seconds(lambda: gridctl(Path(folder), "submit", "benchmark.yaml", "--dry-run")))
            peers.append(seconds(lambda: render.peer(values)))
    return ours, peers


def main() -> None:
    for runs in [int(given) for given in sys.argv[1:]] or RUNS:
        measured = rounds(runs, ROUNDS)
        for name, at in (("s", 0), ("s of processor time", 1)):
            ours, peer = (statistics.median(taken[at] for taken in of) for of in measured)
            sys.stdout.write(
                f"{runs} runs: {ours:.2f} {name}: 1 s and {(ours - 1) / peer:.2f} times the peer's {peer:.2f}\n"
            )


if __name__ == "__main__":
    main()
