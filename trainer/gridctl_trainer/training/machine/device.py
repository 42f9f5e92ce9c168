"""Chooses the device to train on, and explains why it is not available."""

from __future__ import annotations

import contextlib
import os
import warnings
from pathlib import Path
from typing import Final, Literal

import torch

from gridctl_trainer.contract.errors import Fault, SpecError
from gridctl_trainer.contract.wording import count

DeviceName = Literal["auto", "cpu", "cuda"]

_FIELD: Final = "training.device"
_GIVEN: Final = "GRIDCTL_GPUS"
"""Environment variable with the number of GPUs that this pod's Job requested. The Job's template sets it."""
_DEVICE_FILES: Final = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")
"""Files that a container runtime puts into a container that was given a GPU; `dxg` is for WSL, `kfd` for AMD."""


class NoDeviceError(SpecError):
    """CUDA is requested but cannot be available here. Never retried: the same image and request would fail again."""


class BrokenDeviceError(Fault):
    """A GPU was given to this process, but the driver cannot use it.

    This is usually the fault of one node: a driver was updated or has crashed, or a card fell off the bus. So it is
    retried: a failed attempt ends within seconds, and the next pod may land on another node.
    """


def choose_device(wanted: DeviceName) -> torch.device:
    """Choose the device to train on.

    `auto` uses the CPU if there is no GPU, except in a pod whose Job requested one, since others may need that GPU.

    Raises:
        NoDeviceError: A GPU is requested, but this build of torch does not support it or this machine has none.
        BrokenDeviceError: A GPU is requested and was given, but it does not work.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what torch warns about is reported below
        there = wanted != "cpu" and torch.cuda.is_available()
    if not there and (wanted == "cuda" or (wanted == "auto" and _given_gpus())):
        raise _why_none()
    return torch.device("cuda:0" if there else "cpu")


def unused_gpu(device: torch.device, wanted: DeviceName) -> str:
    """A warning if a GPU that is here or was given is left unused; empty if there is none."""
    if device.type != "cpu":
        return ""
    if wanted == "cpu" and (given := _given_gpus()):
        held = count(given, "GPU")
        return f"this pod holds {held} but trains on the CPU, because {_FIELD} is cpu: set kubernetes.gpus: 0"
    if wanted != "auto" or not (_has_device_files() or _names_devices()):
        return ""
    return f"there is a GPU here, but training.device: auto uses the CPU: {_why_none().problems[0].what}"


def _why_none() -> Fault:
    given = _given_gpus()
    where = "kubernetes.gpus" if given else _FIELD
    none = f"this pod was given {count(given, 'GPU')} that it cannot use" if given else "no GPU here"
    cpu = "or train on the CPU: --set training.device=cpu"
    if given:
        cpu = "or train on the CPU: --set kubernetes.gpus=0"
    if torch.version.cuda is None and torch.version.hip is None:
        fix = f"install a CUDA build of torch, or use an image with one; {cpu}"
        if given:
            fix = f"use an image with a CUDA build of torch (`make image` makes one); {cpu}"
        return NoDeviceError(f"{none}: torch {torch.__version__} is a CPU-only build", where=where, fix=fix)
    if not _has_device_files() and not given:
        fix = f"start it where there is one (in a pod: kubernetes.gpus: 1); {cpu}"
        return NoDeviceError(f"{none}: this machine shows no NVIDIA device", where=where, fix=fix)
    if not _has_device_files():
        fix = f"ask an administrator about the node's device plugin and container runtime; {cpu}"
        return BrokenDeviceError(f"{none}: its container does not have the device files", where=where, fix=fix)
    fix = f"look at `nvidia-smi` on this machine, and at its driver's version; {cpu}"
    none = none if given else "no working GPU here"
    return BrokenDeviceError(f"{none}: {_what_cuda_says()}", where=where, fix=fix)


def _given_gpus() -> int:
    """How many GPUs this pod's Job requested; 0 if unknown."""
    text = os.environ.get(_GIVEN, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _names_devices() -> bool:
    """Whether a device plugin gave this container GPUs. `all` does not count, as images may set it."""
    return os.environ.get("NVIDIA_VISIBLE_DEVICES", "").startswith(("GPU-", "MIG-"))


def _has_device_files() -> bool:
    return any(Path(name).exists() for name in _DEVICE_FILES)


def _what_cuda_says() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.cuda.init()  # type: ignore[no-untyped-call]
        except (RuntimeError, AssertionError) as error:
            return str(error).strip().splitlines()[0]
        with contextlib.suppress(RuntimeError):
            return f"CUDA {torch.version.cuda} finds {torch.cuda.device_count()} devices"
    return "CUDA finds no device"
