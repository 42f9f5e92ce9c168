"""The options of γ-Net. Needs no torch, since both packages read it.

Where the thesis (Li 2020), its author's code and Linsley et al. (2018) differ, the difference is an option. The
defaults are what the author ran.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from gridctl_trainer.contract.spec.identity import RECORDED
from gridctl_trainer.models.level_options import Channels, KernelSize, LevelOptions, require_odd


class GammaNetOptions(LevelOptions):
    """γ-Net (thesis tables A.3, A.4, equations 2.5-2.11; Linsley et al. 2018).

    Attributes:
        preset: `author`: one convolution per block, as the author ran it. `table`: three, as the thesis prints.
            `strong`: as `author`, but trained with Dice and cross-entropy, AdamW, a one-cycle learning rate, gradient
            clipping and augmentation. Keys in the model's own entry override the preset.
        channels: Number of channels of each level, finest first. There are as many levels as numbers.
        convs_per_block: Number of convolutions in each block.
        kernel_size: Side of those convolutions in px, odd.
        down_fgru_kernels: Side in px of the horizontal kernels of the encoder's fGRUs, one per level, the bottleneck
            last.
        up_fgru_kernels: The same for the decoder, finest level first.
        timesteps: How often the whole network is run on an image.
        temporal: Whether each timestep reads its own frame. The network then takes a series of `timesteps` frames
            instead of a single image, and segments the last one.
        attention: Whether GALA gates the hidden state. Without it, the gate is 1 (`gate: gala`) or only the sigmoid
            (`gate: sigmoid`).
        attention_kernel: Side of GALA's spatial kernel in px, odd.
        gate: `gala`: only GALA, without a sigmoid, as the author ran it. `sigmoid`: sigmoid(U1 * h + b1) as in equation
            2.5, multiplied by GALA if `attention` is on.
        norm: `instance`, as the author ran it, or `none`.
        shared_kernel: Whether inhibition and excitation share one horizontal kernel (equation 2.9). The author ran two.
        symmetric: Whether horizontal kernels are symmetric. They start symmetric, and their gradients keep them so.
        inhibition_relu: Whether there is a ReLU around the inhibition. The author ran it with one; the thesis has none.
        eta: Whether each timestep's new state has a learned scale eta_t (equation 2.11).
        skip: Whether the skip connection leaves the encoder after the fGRU's activity is added, as the author ran it,
            or before.
        recompute_timesteps: Whether to keep only the states between timesteps for the backward pass, and run each
            timestep again there. This takes less memory and more time, and gives the same gradients.
        initial_state: `zeros`, or `noise`: Xavier noise that is drawn again at every forward pass.
    """

    channels: Channels = (24, 28, 36, 48, 64)
    convs_per_block: int = Field(1, ge=1, le=8)
    down_fgru_kernels: tuple[int, ...] = (9, 7, 5, 3, 1)
    up_fgru_kernels: tuple[int, ...] = (1, 1, 1, 1)
    timesteps: int = Field(2, ge=1, le=64)
    temporal: bool = False
    attention: bool = True
    attention_kernel: KernelSize = 5
    gate: Literal["gala", "sigmoid"] = "gala"
    norm: Literal["instance", "none"] = "instance"
    shared_kernel: bool = False
    symmetric: bool = False
    inhibition_relu: bool = True
    eta: bool = False
    skip: Literal["after", "before"] = "after"
    initial_state: Literal["zeros", "noise"] = "zeros"
    recompute_timesteps: Annotated[bool, RECORDED] = False

    @field_validator("down_fgru_kernels", "up_fgru_kernels")
    @classmethod
    def _all_odd(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        for size in sizes:
            require_odd(size)
        return sizes

    @model_validator(mode="after")
    def _one_kernel_a_level(self) -> GammaNetOptions:
        if len(self.down_fgru_kernels) != self.depth:
            raise ValueError(f"down_fgru_kernels needs {self.depth} sizes, one for each of channels")
        if len(self.up_fgru_kernels) != self.depth - 1:
            raise ValueError(f"up_fgru_kernels needs {self.depth - 1} sizes, one fewer than channels")
        return self

    @property
    def series_frames(self) -> int:
        """One frame per timestep if `temporal` is on; otherwise 1."""
        return self.timesteps if self.temporal else 1

    @property
    def saves_memory(self) -> Mapping[str, Any]:
        """`recompute_timesteps`, unless it is already on."""
        return {} if self.recompute_timesteps else {"recompute_timesteps": True}
