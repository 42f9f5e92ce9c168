"""Makes specifications of the built-in networks from options."""

from __future__ import annotations

from typing import Any

from gridctl_trainer.contract.spec import NetworkSpec
from gridctl_trainer.plugins.model import network_of, options_class


def unet(**options: Any) -> NetworkSpec:
    return network_of("unet", options_class("unet").model_validate(options))


def gamma_net(**options: Any) -> NetworkSpec:
    return network_of("gamma_net", options_class("gamma_net").model_validate(options))
