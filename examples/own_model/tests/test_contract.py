"""The model keeps the promises of every model, both by its name and by its path."""

from typing import ClassVar

from gridctl_trainer.testing.models import ModelContract


class TestResUNet(ModelContract):
    """The model as installed."""

    model = "res_unet"
    options: ClassVar = {"width": 4}


class TestResUNetByPath(ModelContract):
    """The model as a bare class."""

    model = "own_model.network:ResUNet"
    options: ClassVar = {"width": 4}
