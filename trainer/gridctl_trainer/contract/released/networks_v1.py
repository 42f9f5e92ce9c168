"""The two networks of a specification of version 1, with their presets. Frozen: nothing here changes any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from gridctl_trainer.contract.frozen import Frozen

_Channels = Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(min_length=1, max_length=8)]

_CONVOLUTIONS: Mapping[str, Mapping[str, int]] = {
    "unet": {"author": 2, "table": 3},
    "gamma_net": {"author": 1, "table": 3},
}
"""Convolutions per block, by network and preset."""


class _Preset(Frozen):
    """Fills in the number of convolutions from the preset if it was not given."""

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        preset = given.get("preset", "author")
        known = _CONVOLUTIONS[cls.model_fields["architecture"].default]
        filled = {"convs_per_block": known[preset]} if isinstance(preset, str) and preset in known else {}
        return {**filled, **given}


class UNetV1(_Preset):
    """The U-Net's options."""

    architecture: Literal["unet"] = "unet"
    preset: Literal["author", "table"] = "author"
    channels: _Channels = (8, 16, 32, 64, 128)
    convs_per_block: int = 2
    kernel_size: int = 3
    norm: Literal["batch", "instance", "none"] = "batch"


class GammaNetV1(_Preset):
    """γ-Net's options."""

    architecture: Literal["gamma_net"] = "gamma_net"
    preset: Literal["author", "table"] = "author"
    channels: _Channels = (24, 28, 36, 48, 64)
    convs_per_block: int = 1
    kernel_size: int = 3
    down_fgru_kernels: tuple[int, ...] = (9, 7, 5, 3, 1)
    up_fgru_kernels: tuple[int, ...] = (1, 1, 1, 1)
    timesteps: int = Field(2, ge=1, le=64)
    temporal: bool = False
    attention: bool = True
    attention_kernel: int = 5
    gate: Literal["gala", "sigmoid"] = "gala"
    norm: Literal["instance", "none"] = "instance"
    shared_kernel: bool = False
    symmetric: bool = False
    inhibition_relu: bool = True
    eta: bool = False
    skip: Literal["after", "before"] = "after"
    initial_state: Literal["zeros", "noise"] = "zeros"
    recompute_timesteps: bool = False


NetworkV1 = Annotated[UNetV1 | GammaNetV1, Field(discriminator="architecture")]

NETWORKS_V1: Mapping[str, type[UNetV1] | type[GammaNetV1]] = {"unet": UNetV1, "gamma_net": GammaNetV1}
"""Both networks, by their names in YAML."""
