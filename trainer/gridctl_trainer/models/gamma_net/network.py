"""γ-Net: one recurrent cell in the shape of a U-Net, run for several timesteps."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.models.gamma_net.fgru import FGRU
from gridctl_trainer.models.gamma_net.norm_relu import NormReLU
from gridctl_trainer.models.gamma_net.options import GammaNetOptions
from gridctl_trainer.models.gamma_net.top_down import TopDownMix
from gridctl_trainer.models.image_size import require_fitting_size
from gridctl_trainer.models.kernels.single_channel import convolve_to_one_channel

_LARGE_PIXELS: Final = 128 * 128
_AT_ONCE: Final = 4
"""Measured: at 128 and 176 px, scoring all 16 images of a minibatch at once takes at least a fifth longer; at 96 px it
does not.
"""


class GammaNet(nn.Module):
    """Horizontal and top-down recurrence over the levels of a U-Net.

    Source: Li (2020) tables A.3 and A.4, equations 2.5-2.11; Linsley et al. (2018, 2020). Table A.3 prints three
    convolutions per block, but the author ran one, as here. Hidden states start at zero here; the author ran noise,
    drawn again at every forward pass. Both are options.
    """

    def __init__(self, options: GammaNetOptions, in_channels: int = 1, classes: int = 1) -> None:
        """Initialise the fGRU kernels as orthogonal, and the blocks with torch's defaults.

        Args:
            options: The network's options.
            in_channels: Channels of each image or frame.
            classes: K, the channels of the logits.
        """
        super().__init__()
        self._options = options
        self._in_channels = in_channels
        channels = options.channels
        inputs = (in_channels, *channels[:-1])
        self.down = nn.ModuleList(_block(i, o, options) for i, o in zip(inputs, channels, strict=True))
        self.down_fgru = nn.ModuleList(
            FGRU(width, size, options) for width, size in zip(channels, options.down_fgru_kernels, strict=True)
        )
        self.mix = nn.ModuleList(TopDownMix(channels, level) for level in range(options.depth - 1))
        self.up = nn.ModuleList(_block(2 * width, width, options) for width in channels[:-1])
        self.up_fgru = nn.ModuleList(
            FGRU(width, size, options) for width, size in zip(channels[:-1], options.up_fgru_kernels, strict=True)
        )
        self.readout_norm = nn.BatchNorm2d(channels[0], eps=1e-3)
        self.readout = nn.Conv2d(channels[0], classes, 5, padding=2)

    def images_at_once(self, height: int, width: int) -> int | None:
        """The number of images to score at once on a CPU for the highest speed; None for a whole minibatch.

        A minibatch is not divided if the initial state is noise, because that would change the random draws.

        Args:
            height: H of the images in px.
            width: W of the images in px.
        """
        large = height * width >= _LARGE_PIXELS
        return _AT_ONCE if large and self._options.initial_state == "zeros" else None

    def forward(self, images: Tensor) -> Tensor:
        """Segment images, or the last frame of a series.

        Args:
            images: (B, C, H, W), shown at every timestep; with `temporal`, (B, T, C, H, W), one frame per timestep, of
                which the last is segmented. Values in [0, 1] after min-max scaling. H and W are multiples of
                2^(depth-1).

        Returns:
            Logits after the last timestep, (B, K, H, W).

        Raises:
            SpecError: The size does not fit the depth, or the shape is not as above.
        """
        return self._read(self._states(images)[-1])

    def forward_timesteps(self, images: Tensor) -> Tensor:
        """The output after each timestep. In training mode, this updates the running statistics of the readout's norm.

        Args:
            images: As for `forward`.

        Returns:
            Logits, (T, B, K, H, W).

        Raises:
            SpecError: As for `forward`.
        """
        return torch.stack([self._read(state) for state in self._states(images)])

    def _states(self, images: Tensor) -> list[Tensor]:
        """The finest decoder state, (B, C, H, W), after each timestep."""
        frames = self._frames(images)
        hidden = self._initial_state(frames[0])
        states = []
        first = None
        for timestep, frame in enumerate(frames):
            if first is None or frame is not frames[timestep - 1]:
                first = self.down[0](frame)  # computed once for an image that is shown at every timestep
            if self._options.recompute_timesteps and torch.is_grad_enabled():
                hidden = list(checkpoint(self._timestep, first, hidden, timestep, use_reentrant=False))
            else:
                hidden = self._timestep(first, hidden, timestep)
            state = hidden[0]
            assert state is not None
            states.append(state)
        return states

    def _timestep(self, first: Tensor, hidden: list[Tensor | None], timestep: int) -> list[Tensor | None]:
        """Run the cell once. Returns the new states, level by level."""
        hidden = list(hidden)
        skips = []
        maps = first
        for level in range(self._options.depth):
            if level:
                maps = self.down[level](functional.max_pool2d(maps, 2))
            state = self.down_fgru[level](maps, hidden[level], timestep)
            added = maps + state
            skips.append(added if self._options.skip == "after" else maps)
            hidden[level], maps = state, added
        for level in reversed(range(self._options.depth - 1)):
            coarser = [state for state in hidden[level + 1 :] if state is not None]
            joined = torch.cat([self.mix[level](maps, coarser), skips[level]], dim=1)
            maps = self.up_fgru[level](self.up[level](joined), hidden[level], timestep)
            hidden[level] = maps
        return hidden

    def _read(self, state: Tensor) -> Tensor:
        maps = self.readout_norm(functional.relu(state))
        if self.readout.out_channels > 1:
            return self.readout(maps)  # type: ignore[no-any-return]
        return convolve_to_one_channel(maps, self.readout)

    def _frames(self, images: Tensor) -> list[Tensor]:
        """One (B, C, H, W) image per timestep."""
        timesteps = self._options.timesteps
        series = (timesteps,) if self._options.temporal else ()
        if images.dim() != 4 + len(series) or images.shape[1:-2] != (*series, self._in_channels):
            expected = ", ".join(map(str, ("B", *series, self._in_channels, "H", "W")))
            raise SpecError(
                f"γ-Net {'reads a frame' if series else 'sees one image'} at each of {timesteps} timesteps, "
                f"but was given the shape {tuple(images.shape)}",
                where="models.gamma_net.temporal",
                fix=f"give ({expected}), or set `temporal: {str(not series).lower()}` for "
                f"{'single images' if series else 'series of frames'}",
            )
        require_fitting_size(images, self._options.depth)
        if not series:
            return [images.contiguous(memory_format=torch.channels_last)] * timesteps
        return [frame.contiguous(memory_format=torch.channels_last) for frame in images.unbind(1)]

    def _initial_state(self, frame: Tensor) -> list[Tensor | None]:
        if self._options.initial_state == "zeros":
            return [None] * self._options.depth
        batch, _, height, width = frame.shape
        return [
            _xavier_noise((batch, channels, height >> level, width >> level), frame)
            for level, channels in enumerate(self._options.channels)
        ]


def _block(inputs: int, outputs: int, options: GammaNetOptions) -> nn.Sequential:
    layers: list[nn.Module] = []
    for index in range(options.convs_per_block):
        size = options.kernel_size
        layers.append(nn.Conv2d(outputs if index else inputs, outputs, size, padding=size // 2))
        layers.append(NormReLU(1e-5) if options.norm == "instance" else nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def _xavier_noise(shape: tuple[int, int, int, int], like: Tensor) -> Tensor:
    """Normal noise with the standard deviation that Glorot and Bengio (2010) use for a kernel of this shape."""
    batch, channels, height, width = shape
    deviation = math.sqrt(2.0 / ((batch + channels) * height * width))
    noise = torch.randn(shape, dtype=like.dtype, device=like.device) * deviation
    return noise.contiguous(memory_format=torch.channels_last)
