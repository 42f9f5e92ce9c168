"""What a run ran on, which is recorded so that pairs under different conditions can be found."""

from __future__ import annotations

import platform
import resource
import sys
from importlib import metadata
from pathlib import Path
from typing import Final

import torch

from gridctl_trainer.host.source_version import version

_RECORDED: Final = ("torch", "numpy", "scipy", "opencv-python-headless", "nibabel", "pydicom", "imagecodecs", "gridctl")


def device_name(device: torch.device) -> str:
    """Model name of the device, such as `NVIDIA GeForce RTX 2080 Ti` or the name of a CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that can change results."""
    found = {"python": platform.python_version()}
    for name in _RECORDED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    if "gridctl" not in found and (own := version()):  # an image contains the source, not an installed package
        found["gridctl"] = own
    return found


def peak_memory_bytes(device: torch.device) -> int:
    """Peak memory so far, in bytes: allocated memory on a GPU, resident memory on a CPU."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
