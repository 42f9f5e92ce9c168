"""The one switch between the plain equations and the fast kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Final

from torch import Tensor


class Kernel(Enum):
    """An implementation that gives the same numbers as the library's operations in less time or memory."""

    FUSED_CHAINS = "the elementwise chains of γ-Net as single functions"
    TOP_DOWN_MIX = "1x1 convolutions before the upsampling with which they commute"
    TILED_DFT = "large convolutions by the Fourier transform of tiles"
    POINTWISE_PRODUCTS = "1x1 convolutions as products of matrices"
    SINGLE_CHANNEL_TAPS = "convolutions with one output channel, tap by tap"
    SUMMED_UPSAMPLING = "one gradient for maps that are upsampled and added up"
    INSTANCE_NORM_BY_IMAGE = "instance norm as a batch norm of each image"
    WIDE_BATCH_NORM = "batch norm of several pixels at once"


DEVICES: Final[Mapping[Kernel, tuple[str, ...] | None]] = {
    Kernel.FUSED_CHAINS: None,
    Kernel.TOP_DOWN_MIX: None,
    Kernel.TILED_DFT: ("cpu",),
    Kernel.POINTWISE_PRODUCTS: ("cpu",),
    Kernel.SINGLE_CHANNEL_TAPS: ("cpu",),
    Kernel.SUMMED_UPSAMPLING: ("cpu",),
    Kernel.INSTANCE_NORM_BY_IMAGE: None,
    Kernel.WIDE_BATCH_NORM: ("cpu",),
}
"""The device types on which each kernel is used; None for all. Elsewhere, the library's operations are used."""

_switch = {"by equations": False}


def chosen(kernel: Kernel, maps: Tensor) -> bool:
    """Whether a kernel is to be used on the device of these maps."""
    devices = DEVICES[kernel]
    return not _switch["by equations"] and (devices is None or maps.device.type in devices)


@contextmanager
def equations_only() -> Iterator[None]:
    """A context in which models compute their equations literally on every device, forward and backward."""
    before, _switch["by equations"] = _switch["by equations"], True
    try:
        yield
    finally:
        _switch["by equations"] = before
