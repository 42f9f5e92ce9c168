"""The built-in models keep the promises of every model, also with options that change their shape."""

from __future__ import annotations

from typing import ClassVar

from gridctl_trainer.testing.models import ModelContract

SMALL = {"channels": [4, 6], "down_fgru_kernels": [3, 1], "up_fgru_kernels": [1]}


class TestUNet(ModelContract):
    model = "unet"
    options: ClassVar = {"channels": [4, 6, 8]}


class TestUNetWithoutBatchNorm(ModelContract):
    model = "unet"
    options: ClassVar = {"channels": [4, 8], "norm": "instance", "preset": "table"}


class TestGammaNet(ModelContract):
    model = "gamma_net"
    options = SMALL


class TestGammaNetOfSeries(ModelContract):
    model = "gamma_net"
    options: ClassVar = {**SMALL, "timesteps": 3, "temporal": True, "eta": True, "gate": "sigmoid"}


class TestGammaNetWithNoise(ModelContract):
    model = "gamma_net"
    options: ClassVar = {**SMALL, "initial_state": "noise"}
    deterministic = False
