"""Explains errors that a device raises while it computes, with the relevant numbers and the setting to change."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Final

import torch

from gridctl_trainer.contract.errors import Fault
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.contract.wording import count
from gridctl_trainer.plugins.model import options_of
from gridctl_trainer.training.machine.environment import peak_memory_bytes

Phase = str
"""`training`, `validating`, or `scoring` followed by the name of a set."""

_CPU_OUT_OF_MEMORY: Final = ("DefaultCPUAllocator", "not enough memory", "can't allocate memory")
_NOT_DETERMINISTIC: Final = "does not have a deterministic implementation"


class OutOfMemoryError(Fault):
    """The device, or this machine, does not have the memory that a minibatch needs."""


class NotDeterministicError(Fault):
    """An operation has no deterministic implementation on this device."""


@contextlib.contextmanager
def step_faults(spec: RunSpec, device: torch.device, phase: Phase, epoch: int) -> Iterator[None]:
    """A context that explains what torch raises in it.

    Args:
        spec: The run.
        device: The device that computes.
        phase: What is being done.
        epoch: Number of the epoch, for the message.

    Raises:
        OutOfMemoryError: There was not enough memory.
        NotDeterministicError: An operation has no deterministic implementation.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        said = str(error)
        if isinstance(error, torch.OutOfMemoryError | MemoryError) or any(word in said for word in _CPU_OUT_OF_MEMORY):
            raise OutOfMemoryError(
                f"out of memory {phase} in epoch {epoch}, with batches of "
                f"{count(_batch_size(spec, phase), 'image')} of {spec.data.size_px} px: {_numbers(device, said)}",
                where=spec.run_id,
                fix=memory_fix(spec, phase),
            ) from error
        if _NOT_DETERMINISTIC in said:
            raise NotDeterministicError(
                f"{said.partition(' ')[0]} has no deterministic implementation on {device}",
                where=spec.run_id,
                fix="set training.deterministic: false, and expect runs of one seed to differ a little",
            ) from error
        raise


def _batch_size(spec: RunSpec, phase: Phase) -> int:
    training = spec.training
    if phase == "training":
        return training.batch_size
    return training.validation_batch_size if phase == "validating" else training.external_batch_size


def memory_fix(spec: RunSpec, phase: Phase) -> str:
    """What to change if a minibatch does not fit into memory."""
    setting = {
        "training": f"models.{spec.model}.batch_size",
        "validating": "training.validation_batch_size",
    }.get(phase, "training.external_batch_size")
    size = _batch_size(spec, phase)
    ways = [f"lower {setting}, for example to {size // 2}"] if size > 1 else []
    if phase == "training":
        for option, value in options_of(spec.network).saves_memory.items():
            ways.append(f"set models.{spec.model}.{option}: {json.dumps(value)}")
    ways.append("lower data.size_px")
    ways.append(f"`gridctl-trainer describe {spec.network.architecture}` says what fits")
    return "; ".join(ways)


def _numbers(device: torch.device, said: str) -> str:
    asked = re.search(r"allocate ([\d.]+ ?[KMGT]?i?B|\d+ bytes)", said)
    words = [f"{asked[1]} more were requested"] if asked else []
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        held = torch.cuda.memory_allocated(device)
        words.append(
            f"{torch.cuda.get_device_name(device)} has {_gib(total)}, of which {_gib(free)} are free "
            f"and {_gib(held)} are held by this run"
        )
    else:
        words.append(f"this process has held up to {_gib(peak_memory_bytes(device))}")
    return ", ".join(words)


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.2f} GiB"
