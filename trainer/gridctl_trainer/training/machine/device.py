"""The device to train on, and why it is not there."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path
from typing import Final, Literal

import torch

from gridctl_trainer.contract.errors import Fault, SpecError

DeviceName = Literal["auto", "cpu", "cuda"]

_FIELD: Final = "training.device"
_DEVICE_FILES: Final = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")
"""What the driver's container runtime puts into a container that was given a GPU; `dxg` on WSL, `kfd` of AMD."""


class NoDeviceError(SpecError):
    """CUDA is asked for where there can be none. Never retried: the same image and request would fail again."""


class BrokenDeviceError(Fault):
    """A GPU was given to this process, and the driver cannot use it.

    That is most often the fault of one node (a driver that was updated or has crashed, a card that fell off the bus),
    so it counts as one of the retries: each is over within seconds, and the next pod may land on another node.
    """


def choose_device(wanted: DeviceName) -> torch.device:
    """The device to train on.

    Raises:
        NoDeviceError: CUDA is asked for, and neither torch nor this machine has any.
        BrokenDeviceError: CUDA is asked for and a GPU is here, but it does not work.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what torch warns of is said below
        there = wanted != "cpu" and torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise _why_none()
    return torch.device("cuda:0" if there else "cpu")


def unused_gpu(device: torch.device, wanted: DeviceName) -> str:
    """What to say if `auto` trains on the CPU of a machine that has a GPU; empty if it does not."""
    if wanted != "auto" or device.type != "cpu" or not _has_device_files():
        return ""
    return f"there is a GPU here, but training.device is auto and takes the CPU: {_why_none().problems[0].what}"


def _why_none() -> Fault:
    cpu = "or train on the CPU: --set training.device=cpu"
    if torch.version.cuda is None and torch.version.hip is None:
        fix = f"install a CUDA build of torch, or use an image with one; {cpu}"
        return NoDeviceError(f"no GPU here: torch {torch.__version__} is a build for CPUs alone", where=_FIELD, fix=fix)
    if not _has_device_files():
        fix = f"start it where there is one (in a pod: kubernetes.gpus: 1); {cpu}"
        return NoDeviceError("no GPU here: this machine shows no NVIDIA device", where=_FIELD, fix=fix)
    fix = f"look at `nvidia-smi` on this machine, and at its driver's version; {cpu}"
    return BrokenDeviceError(f"no GPU that works here: {_what_cuda_says()}", where=_FIELD, fix=fix)


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
