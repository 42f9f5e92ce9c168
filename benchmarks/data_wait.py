"""Measures how much of a U-Net step is spent waiting for images from a pack.

    OMP_NUM_THREADS=2 python benchmarks/data_wait.py [--data ROOT] [--size 176] [--batch-size 8] [--epochs 3]

ROOT is a folder of ACDC; without it, the data is synthetic. Each step of an epoch, in the order of training, is timed
in two parts: taking its minibatch from the memory-mapped pack, and the optimizer step. The script prints both medians
and the total share of waiting. The goal is less than 3%.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.gamma_net_step import step
from gridctl_trainer.contract.spec import DatasetSpec, DataSpec
from gridctl_trainer.datasets.phantom.dataset import PhantomOptions, write_phantom
from gridctl_trainer.datasets.registry import find_sources
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.preprocessing.packs.packing import make_pack
from gridctl_trainer.preprocessing.recipe import Recipe
from gridctl_trainer.training.images.tensors import ImageTensors
from gridctl_trainer.training.seeding import epoch_order
from tests.networks import unet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--size", type=int, default=176)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.data or Path(folder, "phantom", "acdc")
        if arguments.data is None:
            write_phantom(root.parent, PhantomOptions(patients=12, generalisation_patients=1, slices=8))
        recipe = Recipe.of(
            "acdc", DataSpec(train=DatasetSpec(dataset="acdc", path=str(root)), size_px=arguments.size), 1
        )
        prepared, _ = make_pack(Path(folder, "packs"), find_sources("acdc", root), root, recipe)
        tensors, model = ImageTensors.of(prepared), build_model(unet())
        optimizer = torch.optim.Adam(model.parameters())
        waits, steps = [], []
        for epoch in range(1, arguments.epochs + 1):
            order = torch.from_numpy(epoch_order(len(tensors), 0, epoch))
            for chosen in order.split(arguments.batch_size):
                started = time.perf_counter()
                images, masks = tensors.batch(chosen)
                ready = time.perf_counter()
                step(model, optimizer, images, masks)
                waits.append(ready - started)
                steps.append(time.perf_counter() - ready)
    share = sum(waits) / (sum(waits) + sum(steps))
    sys.stdout.write(
        f"{len(tensors)} images of {arguments.size} px, batch {arguments.batch_size}, {arguments.epochs} epochs, "
        f"{arguments.threads} threads: waiting {statistics.median(waits) * 1000:.2f} ms, "
        f"step {statistics.median(steps) * 1000:.0f} ms, {share:.2%} of the time spent waiting\n"
    )


if __name__ == "__main__":
    main()
