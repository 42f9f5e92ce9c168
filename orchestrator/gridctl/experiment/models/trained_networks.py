"""Models that cannot be imported here, as the runs that trained them say what they were.

An option that has its default is left out of a run's name. Without the plugin nobody knows the defaults, so the
networks of a stored experiment are taken from the specifications that lie beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gridctl_trainer.contract.spec import NetworkSpec, TrainingSpec
from gridctl_trainer.plugins.model import RESERVED

TrainedNetworks = Callable[[str, str], Sequence[NetworkSpec]]
"""By the name of a model in the experiment and its architecture: what runs were trained with, newest last."""


def network_as_trained(entry: Mapping[str, Any], candidates: Sequence[NetworkSpec]) -> NetworkSpec | None:
    """The network of stored runs that an entry of `models` means; None if there is none.

    Args:
        entry: As written.
        candidates: What runs of that model were trained with.
    """
    written = {key: value for key, value in entry.items() if key not in (*RESERVED, *TrainingSpec.model_fields)}
    section = entry.get("options")
    written |= section if isinstance(section, Mapping) else {}
    from_preset = written.pop("preset", None) is not None

    def agreement(network: NetworkSpec) -> int:
        """How many of its options are written; less than 0 if one is not, or is written with another value."""
        given = {**network.options, **network.execution}
        if any(str(written.get(key, value)) != str(value) for key, value in given.items()):
            return -1
        if not from_preset and given.keys() - written.keys():
            return -1
        return len(given)

    fitting = [network for network in candidates if agreement(network) >= 0]
    return max(reversed(fitting), key=agreement) if fitting else None
