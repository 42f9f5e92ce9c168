"""GALA: global and local attention over a hidden state."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from trainer.models.norms import InstanceNorm


class Gala(nn.Module):
    """Which places (local) and which channels (global) of a hidden state count.

    Source: Linsley et al. (2019), "Learning what and where to attend"; as run by Li (2020):
    the product of both maps, each a ReLU and an affine instance norm that starts at 0.1, and
    no sigmoid. The original pools the channel path over space and ends in a sigmoid.
    """

    def __init__(self, channels: int, kernel_size: int) -> None:
        """Kernels start orthogonal, biases as torch draws them."""
        super().__init__()
        self.local = nn.Conv2d(channels, 1, kernel_size, padding=kernel_size // 2)
        self.across = nn.Conv2d(channels, channels, 1)
        self.local_norm = InstanceNorm(1, eps=1e-5, initial_weight=0.1)
        self.across_norm = InstanceNorm(channels, eps=1e-5, initial_weight=0.1)
        nn.init.orthogonal_(self.local.weight)
        nn.init.orthogonal_(self.across.weight)

    def forward(self, hidden: Tensor) -> Tensor:
        """The gate of a hidden state.

        Args:
            hidden: (B, C, H, W).

        Returns:
            (B, C, H, W), any sign.
        """
        where = self.local_norm(functional.relu(self.local(hidden)))
        what = self.across_norm(functional.relu(self.across(hidden)))
        return where * what  # type: ignore[no-any-return]
