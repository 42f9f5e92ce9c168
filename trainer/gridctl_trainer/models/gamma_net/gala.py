"""GALA, global and local attention over a hidden state."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from gridctl_trainer.models.kernels.fused.attend import attend
from gridctl_trainer.models.kernels.instance_norm import InstanceNorm
from gridctl_trainer.models.kernels.single_channel import convolve_to_one_channel
from gridctl_trainer.models.kernels.switch import Kernel, chosen


class Gala(nn.Module):
    """Weights the places (local) and the channels (global) of a hidden state.

    Source: Linsley et al. (2019), "Learning what and where to attend", as run by Li (2020): the product of two maps,
    each a ReLU followed by an affine instance norm whose weight starts at 0.1, without a sigmoid. The original pools
    the channel path over space and ends in a sigmoid.
    """

    def __init__(self, channels: int, kernel_size: int) -> None:
        """Initialise the kernels as orthogonal, and the biases with torch's default.

        Args:
            channels: C, the number of channels of the hidden state.
            kernel_size: Side of the spatial kernel in px, odd.
        """
        super().__init__()
        self.local = nn.Conv2d(channels, 1, kernel_size, padding=kernel_size // 2)
        self.across = nn.Conv2d(channels, channels, 1)
        self.local_norm = InstanceNorm(1, eps=1e-5, initial_weight=0.1)
        self.across_norm = InstanceNorm(channels, eps=1e-5, initial_weight=0.1)
        nn.init.orthogonal_(self.local.weight)
        nn.init.orthogonal_(self.across.weight)

    def forward(self, hidden: Tensor) -> Tensor:
        """Apply the gate to the hidden state.

        Args:
            hidden: (B, C, H, W).

        Returns:
            The state multiplied by the local and the global map, (B, C, H, W).
        """
        where = self.local_norm(functional.relu(convolve_to_one_channel(hidden, self.local)))
        if chosen(Kernel.FUSED_CHAINS, hidden):
            return attend(hidden, where, self.across, self.across_norm)
        what = self.across_norm(functional.relu(self.across(hidden)))
        return hidden * where * what  # type: ignore[no-any-return]
