r"""Measures where the time of a whole run goes: loading, training, validation, and scoring cases at the end.

    OMP_NUM_THREADS=1 python benchmarks/run_shares.py --data ROOT [--patients 20] [--size 128] [--epochs 30] \
        [--model unet]

ROOT holds `acdc` and `sunnybrook`. One run of `experiments/reduced_set.yaml` is trained through `gridctl submit` at
ratio 0.5 for the left ventricle, with default metrics, on the first patients of each pathology group. All times come
from the attempt's log. Training is images over images per second, validation is the rest of an epoch, loading is
everything before the first epoch, and scoring is everything after the last one. Scoring includes samples and the
result, so its share is an upper bound. As shares belong to one run, they do not depend on other load on the machine.
`--runs FOLDER` reads finished runs instead. The goal is less than 5% for scoring in a run of 30 epochs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from gridctl_trainer.contract.records.attempt_log import read_attempt
from gridctl_trainer.contract.records.metric_log import EndRecord

_GROUP = 20
"""Number of patients in each pathology group of ACDC; the groups have consecutive numbers."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--patients", type=int, default=20)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--model", default="unet", choices=("unet", "gamma_net"))
    parser.add_argument("--runs", type=Path)
    arguments = parser.parse_args()
    if arguments.runs:
        _print(arguments.runs)
        return
    with tempfile.TemporaryDirectory() as folder:
        _train(arguments, Path(folder))
        _print(Path(folder))


def _train(arguments: argparse.Namespace, folder: Path) -> None:
    each = arguments.patients // 5
    chosen = [f"patient{group * _GROUP + number:03d}" for group in range(5) for number in range(1, each + 1)]
    for patient in chosen:
        (folder / "acdc" / "training").mkdir(parents=True, exist_ok=True)
        source = arguments.data.resolve() / "acdc" / "database" / "training" / patient
        (folder / "acdc" / "training" / patient).symlink_to(source)
    grid = yaml.safe_load((Path(__file__).parents[1] / "experiments" / "reduced_set.yaml").read_text())
    grid["models"] = {arguments.model: grid["models"][arguments.model]}
    grid["data"]["train"]["path"] = str(folder / "acdc")
    grid["data"]["external"]["sunnybrook"]["path"] = str(arguments.data.resolve() / "sunnybrook")
    grid["data"]["size_px"] = arguments.size
    grid["training"] |= {"epochs": arguments.epochs, "threads": 1}
    grid |= {"train_ratios": [0.5], "seeds": [42], "backend": "local"}
    del grid["compare"], grid["reproduces"]
    (folder / "grid.yaml").write_text(yaml.safe_dump(grid))
    command = [
        sys.executable,
        "-m",
        "gridctl",
        "submit",
        "grid.yaml",
        "--workers",
        "1",
        "--store",
        str(folder / "runs"),
    ]
    subprocess.run(command, check=True, cwd=folder, stdout=sys.stderr)


def _print(runs: Path) -> None:
    for path in sorted(runs.rglob("attempts/*.jsonl")):
        parts = dict(_seconds(path))
        whole = sum(parts.values())
        print(f"{path.parents[1].name}: {whole:.0f} s")
        for name, seconds in parts.items():
            print(f"  {name:<12}{seconds:>8.1f} s  {seconds / whole:>6.1%}")


def _seconds(path: Path) -> Iterator[tuple[str, float]]:
    log = read_attempt(path.read_bytes(), str(path))
    if not isinstance(log.end, EndRecord) or log.end.exit_code or log.attempt.resumed_epoch or log.data is None:
        sys.exit(f"{path}: not a whole run in one attempt")
    epochs = log.epochs
    images = log.data.sets["train"].images
    training = sum(images / epoch.images_per_second for epoch in epochs)
    begun = epochs[0].finished_at.timestamp() - epochs[0].seconds
    yield "loading", begun - log.attempt.started_at.timestamp()
    yield "training", training
    yield "validation", sum(epoch.seconds for epoch in epochs) - training
    yield "scoring", log.end.finished_at.timestamp() - epochs[-1].finished_at.timestamp()


if __name__ == "__main__":
    main()
