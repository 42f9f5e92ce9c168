"""Whether a step can fit into memory at all, known before any of it is taken.

On a CPU too large a step ends no step: the kernel hands memory out as it is touched, throws out everything else that
the machine has in it, and at last kills a process. So that is not tried out.
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
"""Of this container, in version 2 and 1 of control groups; `max` or a huge number for none."""


def machine_memory_bytes() -> int:
    """What this machine, or its container, has in all."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in _LIMITS:
        with contextlib.suppress(OSError, ValueError):
            found.append(int(Path(name).read_text(encoding="ascii")))
    return min(found)


def why_too_large(spec: RunSpec, images: int) -> str:
    """What is too large about a step on a CPU; empty if it may fit.

    Args:
        spec: Of the run.
        images: In its batch.
    """
    moments = moments_of(spec.training.optimizer)
    needed, there = least_training_bytes(spec.network, spec.data.size_px, images, moments), machine_memory_bytes()
    if needed <= there:
        return ""
    return (
        f"out of memory: weights, gradients, the optimizer's moments and what a batch of {count(images, 'image')} of "
        f"{spec.data.size_px} px keeps need at least {needed / 2**30:,.1f} GiB, this machine has {there / 2**30:,.1f}"
    )
