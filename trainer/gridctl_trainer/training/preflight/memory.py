"""Finds out whether a step can fit into memory at all, before most of the memory is taken.

On a CPU, a step that is too large does not fail cleanly. The kernel hands out memory as it is touched, evicts
everything else, and finally kills a process. So such a step is not tried.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import torch

from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.contract.wording import count
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.training.training_memory import KeptTensors, TooMuchKeptError, shape_of_batch, weights_bytes

_LIMITS: Final = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""This container's limit in versions 2 and 1 of control groups; `max` or a huge number if there is none."""

_SAMPLE: Final = 2
"""Images from which the memory of a larger batch is calculated. Some networks cannot be trained on a single one."""

_SHARE_OF_SAMPLE: Final = 4
"""A sample may take the memory divided by this."""


def machine_memory_bytes() -> int:
    """The total memory of this machine, or of its container if that has less."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in _LIMITS:
        with contextlib.suppress(OSError, ValueError):
            found.append(int(Path(name).read_text(encoding="ascii")))
    return min(found)


def why_too_large(spec: RunSpec, images: int, channels: int = 1, classes: int = 1) -> str:
    """Why a step on a CPU cannot fit into memory; empty if it may fit.

    Args:
        spec: The run.
        images: Number of images in a batch.
        channels: Channels of an image.
        classes: Channels of the logits.
    """
    there = machine_memory_bytes()
    needed = _least_bytes(spec, images, channels, classes, there)
    if needed <= there:
        return ""
    return (
        f"out of memory: weights, gradients, optimizer moments and the activations of {count(images, 'image')} of "
        f"{spec.data.size_px} px need at least {needed / 2**30:,.1f} GiB, but this machine has {there / 2**30:,.1f}"
    )


def _least_bytes(spec: RunSpec, images: int, channels: int, classes: int, there: int) -> int:
    """The least that a step takes.

    It is calculated from a sample of the batch, which is passed through the network. A count without content would
    import torch's compiler, a third of a trainer's start, so only what is too large for a sample is counted that way.
    """
    if (weights := _without_content(spec, 0, channels, classes)) > there:
        return weights
    model = build_model(spec.network, channels, classes).train()
    sample = min(images, _SAMPLE)
    kept = KeptTensors(model, there // _SHARE_OF_SAMPLE)
    try:
        with kept.noted():
            model(torch.rand(shape_of_batch(spec.network, spec.data.size_px, sample, channels)))
    except TooMuchKeptError:
        if exact := _without_content(spec, images, channels, classes):
            return exact
    return weights_bytes(model, spec.training.optimizer) + kept.size_bytes * images // sample


def _without_content(spec: RunSpec, images: int, channels: int, classes: int) -> int:
    """The least that a step takes, counted without taking memory; 0 if the network does not work without content.

    Without images, it is what the weights take.
    """
    with contextlib.suppress(Exception), torch.device("meta"):
        model = build_model(spec.network, channels, classes).train()
        kept = KeptTensors(model)
        if images:
            with kept.noted():
                model(torch.empty(shape_of_batch(spec.network, spec.data.size_px, images, channels)))
        return weights_bytes(model, spec.training.optimizer) + kept.size_bytes
    return 0
