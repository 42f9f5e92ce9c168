"""The two networks that are compared: a light U-Net and the recurrent γ-Net."""

from gridctl_trainer.models.registry import build_model

__all__ = ["build_model"]
