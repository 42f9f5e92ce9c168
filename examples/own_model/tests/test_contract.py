"""The model keeps what every model promises, by its name and by its path."""

from typing import ClassVar

from gridctl_trainer.testing.models import ModelContract


class TestResUNet(ModelContract):
    """As installed."""

    model = "res_unet"
    options: ClassVar = {"width": 4}


class TestResUNetByPath(ModelContract):
    """As a bare class."""

    model = "own_model.network:ResUNet"
    options: ClassVar = {"width": 4}
