"""Times a training step of the light U-Net against MONAI's BasicUNet with the same channels and depth.

    pip install monai
    OMP_NUM_THREADS=2 python benchmarks/unet_step.py [--size 128] [--batch-size 8] [--rounds 15]

The two alternate. The script prints both medians and their ratio, first with the C library's handling of memory and
then with the trainer's, and the peak memory of each in a separate process. The goals are 0.75x the time and no more
memory.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from functools import partial
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.gamma_net_step import batch, resident_peak_mib, step
from benchmarks.in_turn import median_seconds
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.training.machine.memory_allocator import keep_freed_memory
from tests.networks import unet


def network(name: str) -> nn.Module:
    torch.manual_seed(0)
    if name == "gridctl":
        return build_model(unet())
    from monai.networks.nets import BasicUNet

    made: nn.Module = BasicUNet(
        spatial_dims=2,
        in_channels=1,
        out_channels=1,
        features=(8, 16, 32, 64, 128, 8),
        act="relu",
        norm="batch",
        upsample="nontrainable",
    )
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    images, masks = batch(arguments.batch_size, arguments.size)
    if arguments.memory_of:
        one = network(arguments.memory_of)
        optimizer = torch.optim.Adam(one.parameters())
        step(one, optimizer, images[:1, :, :32, :32], masks[:1, :, :32, :32])
        Path("/proc/self/clear_refs").write_text("5")
        before = resident_peak_mib()
        for _ in range(3):
            step(one, optimizer, images, masks)
        sys.stdout.write(f"{resident_peak_mib() - before:.1f}\n")
        return
    sys.stdout.write(f"{arguments.size}x{arguments.size}, batch {arguments.batch_size}, {arguments.threads} threads\n")
    found = {name: network(name) for name in ("MONAI BasicUNet", "gridctl")}
    peaks = {}
    for name, one in found.items():
        command = [sys.executable, __file__, "--memory-of", name, "--threads", str(arguments.threads)]
        command += ["--size", str(arguments.size), "--batch-size", str(arguments.batch_size)]
        peaks[name] = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        parameters = sum(parameter.numel() for parameter in one.parameters())
        ratio = peaks[name] / peaks["MONAI BasicUNet"]
        sys.stdout.write(f"  {name:<16} {parameters:,} parameters  peak {peaks[name]:5.0f} MiB  {ratio:.2f}x\n")
    for kept in (False, True):
        if kept and not keep_freed_memory():
            break
        sys.stdout.write("freed memory kept, as in the trainer:\n" if kept else "memory as the C library handles it:\n")
        optimizers = {name: torch.optim.Adam(one.parameters()) for name, one in found.items()}
        works = {name: partial(step, one, optimizers[name], images, masks) for name, one in found.items()}
        medians = median_seconds(works, arguments.rounds, warm_up=2)
        for name, median in medians.items():
            ratio = median / medians["MONAI BasicUNet"]
            sys.stdout.write(f"  {name:<16} median {median * 1000:6.0f} ms  {ratio:.2f}x\n")


if __name__ == "__main__":
    main()
