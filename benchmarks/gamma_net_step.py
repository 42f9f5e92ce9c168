r"""Times a training step of γ-Net against a plain implementation of the same function, alternating between them.

    OMP_NUM_THREADS=2 python benchmarks/gamma_net_step.py [--sizes 128 176] [--rounds 9] [--compiled] [--no-memory]

For each size, the script prints the medians of time and of processor time, which other work on the machine disturbs
less, with their ratios; the peak memory of each network in a separate process; and the largest difference between
their outputs. The goals are 0.5x the time and 0.7x the memory. `--compiled` adds both networks after `torch.compile`,
which needs a C++ compiler.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.plain_gamma_net import PlainGammaNet
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.plugins.model import options_of
from gridctl_trainer.training.losses.cross_entropy import bce_with_logits
from tests.networks import gamma_net


def networks(timesteps: int, *, compiled: bool) -> dict[str, nn.Module]:
    torch.manual_seed(0)
    spec = gamma_net(timesteps=timesteps)
    fast = build_model(spec)
    frugal = build_model(gamma_net(timesteps=timesteps, recompute_timesteps=True))
    frugal.load_state_dict(fast.state_dict())
    plain = PlainGammaNet(options_of(spec))
    plain.load_state_dict(fast.state_dict())
    found: dict[str, nn.Module] = {"plain": plain, "gridctl": fast, "gridctl recompute": frugal}
    if compiled:
        found["plain compiled"] = torch.compile(plain)
        found["gridctl compiled"] = torch.compile(fast)
    return found


def step(network: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, masks: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    bce_with_logits(network(images), masks).backward()
    optimizer.step()


def batch(batch_size: int, size_px: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.rand(batch_size, 1, size_px, size_px), (torch.rand(batch_size, 1, size_px, size_px) > 0.7).float()


def peak_mib(name: str, arguments: argparse.Namespace, size_px: int) -> float:
    """Measure the peak resident memory of three steps, above that of a process with only the network and batch."""
    command = [sys.executable, __file__, "--sizes", str(size_px), "--threads", str(arguments.threads)]
    command += ["--batch-size", str(arguments.batch_size), "--timesteps", str(arguments.timesteps), "--memory-of", name]
    # Each map gets its own pages, which are returned when it is freed, so that holes in the heap are not counted.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)


def print_peak(arguments: argparse.Namespace) -> None:
    network = networks(arguments.timesteps, compiled=False)[arguments.memory_of]
    optimizer = torch.optim.Adam(network.parameters())
    small, large = (batch(arguments.batch_size, size) for size in (32, arguments.sizes[0]))
    step(network, optimizer, *small)  # loads libraries and optimizer state before the first measurement
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = resident_peak_mib()
    for _ in range(3):
        step(network, optimizer, *large)
    sys.stdout.write(f"{resident_peak_mib() - before:.1f}\n")


def resident_peak_mib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 176])
    parser.add_argument("--batch-size", type=int, default=2)
    parser.add_argument("--timesteps", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--no-memory", action="store_true", help="measure time only")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.memory_of:
        print_peak(arguments)
        return
    for size in arguments.sizes:
        found = networks(arguments.timesteps, compiled=arguments.compiled)
        images, masks = batch(arguments.batch_size, size)
        with torch.no_grad():
            outputs = {name: network.double()(images.double()) for name, network in found.items() if " " not in name}
        difference = (outputs["plain"] - outputs["gridctl"]).abs().max().item()
        for network in found.values():
            network.float()
        optimizers = {name: torch.optim.Adam(network.parameters()) for name, network in found.items()}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in found}
        for round_number in range(arguments.rounds + 1):
            for name, network in found.items():
                started = (time.perf_counter(), time.process_time())
                step(network, optimizers[name], images, masks)
                if round_number:  # the first round allocates and compiles
                    taken[name].append((time.perf_counter() - started[0], time.process_time() - started[1]))
        medians = {
            name: [statistics.median(clock) for clock in zip(*both, strict=True)] for name, both in taken.items()
        }
        measured = () if arguments.no_memory else ("plain", "gridctl", "gridctl recompute")
        peaks = {name: peak_mib(name, arguments, size) for name in measured}
        sys.stdout.write(
            f"{size}x{size}, batch {arguments.batch_size}, T = {arguments.timesteps}, {arguments.threads} threads, "
            f"outputs differ by {difference:.1e} in float64\n"
        )
        for name, (median, cpu) in medians.items():
            plain, plain_cpu = medians["plain"]
            memory = f"  peak {peaks[name]:6.0f} MiB  {peaks[name] / peaks['plain']:.2f}x" if name in peaks else ""
            sys.stdout.write(
                f"  {name:<18} median {median * 1000:7.0f} ms  {median / plain:.2f}x  "
                f"processor {cpu * 1000:7.0f} ms  {cpu / plain_cpu:.2f}x{memory}\n"
            )


if __name__ == "__main__":
    main()
