"""Finds out whether a step can fit into memory at all, before any of the memory is taken.

On a CPU, a step that is too large does not fail cleanly. The kernel hands out memory as it is touched, evicts
everything else, and finally kills a process. So such a step is not tried.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.contract.wording import count
from gridctl_trainer.training.network_description import least_training_bytes
from gridctl_trainer.training.optimization.optimizer import moments_of

_LIMITS: Final = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""This container's limit in versions 2 and 1 of control groups; `max` or a huge number if there is none."""


def machine_memory_bytes() -> int:
    """The total memory of this machine, or of its container if that has less."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in _LIMITS:
        with contextlib.suppress(OSError, ValueError):
            found.append(int(Path(name).read_text(encoding="ascii")))
    return min(found)


def why_too_large(spec: RunSpec, images: int) -> str:
    """Why a step on a CPU cannot fit into memory; empty if it may fit.

    Args:
        spec: The run.
        images: Number of images in a batch.
    """
    moments = moments_of(spec.training.optimizer)
    needed, there = least_training_bytes(spec.network, spec.data.size_px, images, moments), machine_memory_bytes()
    if needed <= there:
        return ""
    return (
        f"out of memory: weights, gradients, optimizer moments and the activations of {count(images, 'image')} of "
        f"{spec.data.size_px} px need at least {needed / 2**30:,.1f} GiB, but this machine has {there / 2**30:,.1f}"
    )
