"""The options of γ-Net. Read without torch, by both sides.

Where the thesis (Li 2020), its author's code and Linsley et al. (2018) differ, the
difference is an option here; the defaults are the readings that were run.
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
        preset: `author`: one convolution a block, as run; `table`: three, as printed.
            `strong`: as `author`, trained with Dice and cross-entropy, AdamW, one cycle of the learning rate, clipping
            and augmentation; a key that the model has of its own goes before.
        channels: Channels of each level, finest first; their number is the depth.
        convs_per_block: 3x3 convolutions in each block.
        kernel_size: Side of those convolutions in px, odd.
        down_fgru_kernels: Side in px of the horizontal kernels of the encoder's fGRUs, a level
            each, the bottleneck last.
        up_fgru_kernels: The same for the decoder, finest level first.
        timesteps: How often the whole network is run on an image.
        temporal: Whether each timestep reads a frame of its own: the network takes series of
            `timesteps` frames, the one to segment last, in place of single images.
        attention: Whether GALA gates the hidden state; without it the gate is 1
            (`gate: gala`) or the sigmoid alone (`gate: sigmoid`).
        attention_kernel: Side of GALA's spatial kernel in px, odd.
        gate: `gala`: GALA alone, no sigmoid, as run; `sigmoid`: sigmoid(U1 * h + b1) as in
            equation 2.5, multiplied by GALA where `attention` is on.
        norm: `instance` as run, or `none`.
        shared_kernel: One horizontal kernel for inhibition and excitation (equation 2.9);
            as run there are two.
        symmetric: Horizontal kernels start, and by their gradients stay, symmetric.
        inhibition_relu: A ReLU around the inhibition, as run; the thesis has none.
        eta: A learned scale eta_t on every timestep's new state (equation 2.11).
        skip: Whether the skip connection leaves the encoder after the fGRU's activity is
            added, as run, or before.
        recompute_timesteps: Keep only the states between timesteps for the backward pass and run
            each timestep again there: less memory, more time, the same gradients.
        initial_state: `zeros`, or `noise`: Xavier noise drawn anew at every forward.
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
        """A frame for each timestep, if each reads its own."""
        return self.timesteps if self.temporal else 1

    @property
    def saves_memory(self) -> Mapping[str, Any]:
        """Each timestep can be run again for its gradients."""
        return {} if self.recompute_timesteps else {"recompute_timesteps": True}
