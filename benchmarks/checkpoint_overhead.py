"""Measures the cost of checkpoints, as a share of an epoch at the default interval.

    OMP_NUM_THREADS=1 python benchmarks/checkpoint_overhead.py [--images 32] [--size 128] [--rounds 5]

Epochs and checkpoints alternate. A checkpoint is serialised, hashed, stored and waited for as in an attempt: in a
folder, and in S3 if `AWS_ENDPOINT_URL_S3` names a server. The script prints medians. There are few images per epoch
here; with more, the share falls. The goal is less than 2%.

Measured on 2026-11-24 on a busy 2-core CPU with `--rounds 3`: U-Net 0.30% in a folder and 0.62% in S3. With epochs of
0.4 s (`--images 16 --size 64`), U-Net took 1.5% and 3.8%, and γ-Net 0.29% and 0.55%.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from gridctl_trainer.contract.layout import AttemptName
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.host.signals import StopSignal
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.storage.base import Store, open_store
from gridctl_trainer.storage.retry import Retry
from gridctl_trainer.storage.write_behind.spool import Spool
from gridctl_trainer.storage.write_behind.spooled_store import SpooledStore
from gridctl_trainer.training.checkpoints.checkpoints import Checkpoints
from gridctl_trainer.training.checkpoints.retention import scores_of
from gridctl_trainer.training.loop import ImageTensors, TrainingLoop
from gridctl_trainer.training.progress.display import Silent
from gridctl_trainer.training.seeding import seed_everything


def spec_of(architecture: str, size_px: int, epochs: int) -> RunSpec:
    return RunSpec.model_validate(
        {
            "experiment": "benchmark",
            "model": architecture,
            "network": {"architecture": architecture},
            "train_ratio": 0.5,
            "seed": 1,
            "data": {"train": {"dataset": "acdc", "path": "none"}, "size_px": size_px},
            "training": {"epochs": epochs, "batch_size": 4, "validation_batch_size": 4},
        }
    )


def images(count: int, size_px: int, seed: int) -> ImageTensors:
    pixels = torch.rand(count, 1, size_px, size_px, generator=torch.Generator().manual_seed(seed))
    return ImageTensors(pixels, (pixels > 0.6).float())


def stores(folder: Path) -> dict[str, Store]:
    found: dict[str, Store] = {"folder": open_store(str(folder / "store"))}
    if os.environ.get("AWS_ENDPOINT_URL_S3"):
        bucket = os.environ.get("GRIDCTL_TEST_BUCKET", "gridctl")
        remote = open_store(f"s3://{bucket}/benchmark/{uuid.uuid4().hex}")
        spool = Spool(folder / "spool", 1 << 31)
        found["S3"] = SpooledStore(remote, spool, Retry(60, StopSignal()), lambda: remote)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=32, help="images to train on; half as many validate")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sys.stdout.write(f"{arguments.images} images of {arguments.size} px, 1 thread, median of {arguments.rounds}\n")
    for architecture in ("unet", "gamma_net"):
        spec = spec_of(architecture, arguments.size, arguments.rounds + 1)
        seed_everything(1)
        train, other = images(arguments.images, arguments.size, 1), images(arguments.images // 2, arguments.size, 2)
        device, stop = torch.device("cpu"), StopSignal()
        loop = TrainingLoop(spec, build_model(spec.network), train, other, None, device, stop, Silent())
        with tempfile.TemporaryDirectory() as name:
            opened = stores(Path(name))
            kept = {kind: Checkpoints(store, spec, AttemptName(1, "a")) for kind, store in opened.items()}
            taken: dict[str, list[float]] = {"epoch": [], **{kind: [] for kind in opened}}
            for record in loop.epochs():
                taken["epoch"].append(record.seconds)
                for kind, store in opened.items():
                    started = time.perf_counter()
                    kept[kind].save(loop.position, loop.state(), "data", scores_of(record))
                    if isinstance(store, SpooledStore):
                        store.settle(60)
                    taken[kind].append(time.perf_counter() - started)
            for store in opened.values():
                for stat in list(store.list()):
                    store.delete(stat.key)
                if isinstance(store, SpooledStore):
                    store.settle(60)
                    store.close()
        epoch = statistics.median(taken["epoch"][1:])
        for kind in opened:
            save = statistics.median(taken[kind][1:])
            share = save / (spec.training.checkpoint_every_epochs * epoch)
            sys.stdout.write(
                f"  {architecture:<10} epoch {epoch:6.2f} s  checkpoint into {kind:<7} {save * 1000:5.0f} ms  "
                f"{share:.3%} of an epoch; 2% if an epoch takes less than {save / 0.2:.2f} s\n"
            )


if __name__ == "__main__":
    main()
