"""The fGRU, γ-Net's gated recurrent unit with horizontal connections."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from gridctl_trainer.models.gamma_net.gala import Gala
from gridctl_trainer.models.gamma_net.options import GammaNetOptions
from gridctl_trainer.models.kernels.fused.excite import excite
from gridctl_trainer.models.kernels.fused.inhibit import inhibit
from gridctl_trainer.models.kernels.instance_norm import instance_norm
from gridctl_trainer.models.kernels.large_kernels import convolve_with_large_kernel
from gridctl_trainer.models.kernels.pointwise import convolve_pointwise
from gridctl_trainer.models.kernels.switch import Kernel, chosen

NORM_EPS = 1e-3


class FGRU(nn.Module):
    """One fGRU: a drive inhibits and excites a hidden state through learned kernels.

    With drive x, hidden state h, instance norm IN and convolution `*`:

        g1 = GALA(h)
        c1 = IN(W_inh * (h g1))
        h1 = relu(x - relu(c1 (alpha h + mu)))
        g2 = sigmoid(IN(U2 * h1 + b2))
        c2 = IN(W_exc * h1)
        h~ = relu(kappa h1 + gamma c2 + omega h1 c2)
        h' = (1 - g2) h + g2 h~

    Source: Li (2020) equations 2.5-2.11, after the hGRU of Linsley et al. (2018). The deviations, each an option of
    `GammaNetOptions`, are GALA instead of sigmoid(U1 * h + b1), two kernels instead of one, a ReLU around the
    inhibition, and no eta_t.
    """

    def __init__(self, channels: int, kernel_size: int, options: GammaNetOptions) -> None:
        """Initialise the kernels as orthogonal, alpha to 0.1, gamma and mu to 1, and kappa and omega to 0.5.

        Args:
            channels: C, the number of channels of drive and hidden state.
            kernel_size: Side of the horizontal kernels in px, odd.
            options: The options of the whole network.
        """
        super().__init__()
        self._normed = options.norm == "instance"
        self._symmetric = options.symmetric
        self._inhibition_relu = options.inhibition_relu
        self.gala = Gala(channels, options.attention_kernel) if options.attention else None
        self.u1 = nn.Conv2d(channels, channels, 1) if options.gate == "sigmoid" else None
        self.u2 = nn.Conv2d(channels, channels, 1)
        self.w_inh = nn.Parameter(self._kernel(channels, kernel_size))
        self.w_exc = None if options.shared_kernel else nn.Parameter(self._kernel(channels, kernel_size))
        self.alpha = nn.Parameter(torch.full((1, channels, 1, 1), 0.1))
        self.mu = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.kappa = nn.Parameter(torch.full((1, channels, 1, 1), 0.5))
        self.gamma = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.omega = nn.Parameter(torch.full((1, channels, 1, 1), 0.5))
        self.eta = nn.Parameter(torch.ones(options.timesteps)) if options.eta else None
        nn.init.orthogonal_(self.u2.weight)
        assert self.u2.bias is not None
        nn.init.uniform_(self.u2.bias, -7.0, -1.0)
        if self.u1 is not None:
            nn.init.orthogonal_(self.u1.weight)

    def forward(self, drive: Tensor, hidden: Tensor | None, timestep: int) -> Tensor:
        """One step of the recurrence.

        Args:
            drive: x, (B, C, H, W).
            hidden: h, (B, C, H, W); None for a state of zeros, which inhibits nothing.
            timestep: Index from 0; used only if eta is learned.

        Returns:
            h', (B, C, H, W).
        """
        by = self._fused if chosen(Kernel.FUSED_CHAINS, drive) else self._by_equations
        state = by(drive, hidden)
        return state if self.eta is None else self.eta[timestep] * state

    def _by_equations(self, x: Tensor, h: Tensor | None) -> Tensor:
        """The equations of this class, line by line. This is the reference for every faster way to compute them."""
        h = torch.zeros_like(x) if h is None else h
        c1 = self._norm(self._horizontal(self._gated(h), self.w_inh))
        inhibition = c1 * (self.alpha * h + self.mu)
        h1 = relu(x - (relu(inhibition) if self._inhibition_relu else inhibition))
        g2 = torch.sigmoid(self._norm(self.u2(h1)))
        c2 = self._norm(self._horizontal(h1, self._excitatory))
        candidate = relu(self.kappa * h1 + self.gamma * c2 + self.omega * h1 * c2)
        return (1 - g2) * h + g2 * candidate

    def _fused(self, x: Tensor, h: Tensor | None) -> Tensor:
        """The same with fused elementwise operations. A state of zeros inhibits nothing, so it is not convolved."""
        eps = NORM_EPS if self._normed else None
        if h is None:
            h1 = relu(x)
        else:
            suppressed = self._horizontal(self._gated(h), self.w_inh)
            h1 = inhibit(x, h, suppressed, self.alpha, self.mu, eps, rectified=self._inhibition_relu)
        excitation = self._horizontal(h1, self._excitatory)
        return excite(h1, h, excitation, self.u2, self.kappa, self.gamma, self.omega, eps)

    def _norm(self, maps: Tensor) -> Tensor:
        return instance_norm(maps, NORM_EPS) if self._normed else maps

    @property
    def _excitatory(self) -> Tensor:
        return self.w_inh if self.w_exc is None else self.w_exc

    def _gated(self, hidden: Tensor) -> Tensor:
        gated = hidden if self.gala is None else self.gala(hidden)
        if self.u1 is not None:
            gated = gated * torch.sigmoid(convolve_pointwise(hidden, self.u1.weight, self.u1.bias))
        return gated

    def _horizontal(self, maps: Tensor, kernel: Tensor) -> Tensor:
        if self._symmetric:
            kernel = (kernel + kernel.transpose(0, 1)) / 2
        return convolve_with_large_kernel(maps, kernel)

    def _kernel(self, channels: int, size: int) -> Tensor:
        kernel = nn.init.orthogonal_(torch.empty(channels, channels, size, size))
        return (kernel + kernel.transpose(0, 1)) / 2 if self._symmetric else kernel
