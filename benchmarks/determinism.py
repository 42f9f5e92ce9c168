"""Measures the cost of deterministic algorithms: training steps alternate with `training.deterministic` on and off.

    OMP_NUM_THREADS=1 python benchmarks/determinism.py [--size 128] [--batch-size 4] [--rounds 15]

The script prints medians and their ratio, by the clock on a GPU if there is one, or else in processor time.

Measured on 2026-11-24 on a busy 2-core CPU with `--rounds 9 --size 64`: U-Net 0.96 and γ-Net 0.97, which is no cost
within the noise. It was not measured on a GPU.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from gridctl_trainer.contract.spec import NetworkSpec
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.training.losses.cross_entropy import bce_with_logits
from gridctl_trainer.training.seeding import seed_everything
from tests.networks import gamma_net, unet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    clock = time.perf_counter if device.type == "cuda" else time.process_time  # other processes may use this CPU
    shape = (arguments.batch_size, 1, arguments.size, arguments.size)
    sys.stdout.write(f"{device}, batches of {arguments.batch_size} x {arguments.size} px, 1 thread\n")
    networks: dict[str, NetworkSpec] = {"unet": unet(), "gamma_net": gamma_net()}
    for name, spec in networks.items():
        taken: dict[bool, list[float]] = {True: [], False: []}
        model = build_model(spec).to(device).train()
        optimizer = torch.optim.Adam(model.parameters())
        images = torch.rand(shape, device=device)
        masks = (images > 0.6).float()
        for round_number in range(arguments.rounds + 1):
            for deterministic, times in taken.items():
                seed_everything(1, deterministic=deterministic)
                started = clock()
                optimizer.zero_grad(set_to_none=True)
                loss = bce_with_logits(model(images), masks)
                loss.backward()
                optimizer.step()
                loss.item()
                if round_number:
                    times.append(clock() - started)
        on, off = statistics.median(taken[True]), statistics.median(taken[False])
        sys.stdout.write(f"  {name:<10} on {on * 1000:6.1f} ms  off {off * 1000:6.1f} ms  ratio {on / off:.3f}\n")


if __name__ == "__main__":
    main()
