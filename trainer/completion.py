"""What a shell proposes for values of `gridctl-trainer`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trainer.contract.completion import completer


@completer
def models(ctx: Any, incomplete: str) -> Iterable[str]:
    """Architectures."""
    from trainer.contract.network import NETWORKS

    return sorted(NETWORKS)


@completer
def options(ctx: Any, incomplete: str) -> Iterable[str]:
    """Options of the network that is described."""
    from trainer.contract.network import NETWORKS

    network = NETWORKS[str(ctx.params["model"])]
    return [f"{name}=" for name in network.model_fields if name != "architecture"]


@completer
def steps(ctx: Any, incomplete: str) -> Iterable[str]:
    """Preprocessing steps."""
    from trainer.contract.spec import PreprocessingSpec

    return list(PreprocessingSpec.model_fields)
