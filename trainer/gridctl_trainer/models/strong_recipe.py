"""How the preset `strong` trains a network. Needs no torch, since both packages read it."""

from __future__ import annotations

from typing import Final

from gridctl_trainer.plugins.model import TrainingRecipe

STRONG: Final = TrainingRecipe(
    training={
        "loss": {"name": "dice_bce", "batch_dice": True},
        "optimizer": {"name": "adamw", "weight_decay": 0.01},
        "learning_rate": 3e-3,
        "schedule": "one_cycle",
        "gradient_clip_norm": 1.0,
    },
    augmentation={"rotation_degrees": 20.0, "scaling": 0.15, "shift": 0.05, "gamma": 0.3},
)
"""The sum of Dice and cross-entropy, as in nnU-Net (Isensee et al. 2021); AdamW with the one-cycle policy (Smith and
Topin 2019), which fits any number of epochs; and augmentation without mirroring, since hearts are not symmetric.
"""
