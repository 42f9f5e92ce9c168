"""γ-Net as one would write it from the equations: torch modules, channels first, nothing fused or skipped.

It loads the state dict of `gridctl_trainer.models.gamma_net.network.GammaNet` (preset `author`) and computes the same
function. The benchmarks measure the gain of the fast implementation over it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from gridctl_trainer.models.gamma_net.options import GammaNetOptions


class PlainGala(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.local = nn.Conv2d(channels, 1, 5, padding=2)
        self.across = nn.Conv2d(channels, channels, 1)
        self.local_norm = nn.InstanceNorm2d(1, affine=True)
        self.across_norm = nn.InstanceNorm2d(channels, affine=True)

    def forward(self, hidden: Tensor) -> Tensor:
        where = self.local_norm(F.relu(self.local(hidden)))
        what: Tensor = self.across_norm(F.relu(self.across(hidden)))
        return where * what


class PlainFGRU(nn.Module):
    def __init__(self, channels: int, kernel_size: int) -> None:
        super().__init__()
        self.gala = PlainGala(channels)
        self.u2 = nn.Conv2d(channels, channels, 1)
        self.w_inh = nn.Parameter(torch.empty(channels, channels, kernel_size, kernel_size))
        self.w_exc = nn.Parameter(torch.empty(channels, channels, kernel_size, kernel_size))
        self.norms = nn.ModuleList(nn.InstanceNorm2d(channels, eps=1e-3) for _ in range(3))
        for name in ("alpha", "mu", "kappa", "gamma", "omega"):
            setattr(self, name, nn.Parameter(torch.empty(1, channels, 1, 1)))
        self.padding = kernel_size // 2

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        c1 = self.norms[0](F.conv2d(h * self.gala(h), self.w_inh, padding=self.padding))
        h1 = F.relu(x - F.relu(c1 * (self.alpha * h + self.mu)))
        g2 = torch.sigmoid(self.norms[1](self.u2(h1)))
        c2 = self.norms[2](F.conv2d(h1, self.w_exc, padding=self.padding))
        candidate = F.relu(self.kappa * h1 + self.gamma * c2 + self.omega * h1 * c2)
        new: Tensor = (1 - g2) * h + g2 * candidate
        return new


def plain_block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.InstanceNorm2d(outputs), nn.ReLU())


class PlainMix(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1)

    def forward(self, sources: list[Tensor]) -> Tensor:
        out: Tensor = self.conv(torch.cat(sources, dim=1))
        return out


class PlainGammaNet(nn.Module):
    def __init__(self, spec: GammaNetOptions) -> None:
        super().__init__()
        self.spec = spec
        widths = spec.channels
        self.down = nn.ModuleList(plain_block(i, o) for i, o in zip((1, *widths[:-1]), widths, strict=True))
        self.down_fgru = nn.ModuleList(PlainFGRU(c, k) for c, k in zip(widths, spec.down_fgru_kernels, strict=True))
        self.mix = nn.ModuleList(
            PlainMix(widths[level + 1] + sum(widths[level + 1 :]), widths[level]) for level in range(spec.depth - 1)
        )
        self.up = nn.ModuleList(plain_block(2 * c, c) for c in widths[:-1])
        self.up_fgru = nn.ModuleList(PlainFGRU(c, k) for c, k in zip(widths[:-1], spec.up_fgru_kernels, strict=True))
        self.readout_norm = nn.BatchNorm2d(widths[0], eps=1e-3)
        self.readout = nn.Conv2d(widths[0], 1, 5, padding=2)

    def forward(self, images: Tensor) -> Tensor:
        depth, (batch, _, height, width) = self.spec.depth, images.shape
        hidden = [
            images.new_zeros(batch, c, height >> level, width >> level) for level, c in enumerate(self.spec.channels)
        ]
        for _ in range(self.spec.timesteps):
            a, skips = images, []
            for level in range(depth):
                a = self.down[level](a)
                hidden[level] = self.down_fgru[level](a, hidden[level])
                a = a + hidden[level]
                skips.append(a)
                if level < depth - 1:
                    a = F.max_pool2d(a, 2)
            for level in reversed(range(depth - 1)):
                sources = [upsample(a, 2)] + [
                    upsample(hidden[j], 2 ** (j - level)) for j in range(depth - 1, level, -1)
                ]
                a = self.up[level](torch.cat([self.mix[level](sources), skips[level]], dim=1))
                a = hidden[level] = self.up_fgru[level](a, hidden[level])
        out: Tensor = self.readout(self.readout_norm(F.relu(a)))
        return out


def upsample(maps: Tensor, factor: int) -> Tensor:
    return F.interpolate(maps, scale_factor=factor, mode="bilinear", align_corners=False)
