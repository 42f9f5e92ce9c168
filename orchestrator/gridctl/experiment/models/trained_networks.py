"""Models that cannot be imported here, as described by the runs that trained them.

An option at its default is not part of a run's id. Without the plugin the defaults are unknown, so the
networks of a stored experiment are taken from its runs' specifications.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gridctl_trainer.contract.spec import NetworkSpec, TrainingSpec
from gridctl_trainer.plugins.model import RESERVED

TrainedNetworks = Callable[[str, str], Sequence[NetworkSpec]]
"""By the name of a model in the experiment and its architecture: what runs were trained with, newest last."""


def network_as_trained(entry: Mapping[str, Any], candidates: Sequence[NetworkSpec]) -> NetworkSpec | None:
    """The network of stored runs that an entry of `models` refers to; None if there is none.

    Args:
        entry: As written.
        candidates: What runs of that model were trained with.
    """
    written = {key: value for key, value in entry.items() if key not in (*RESERVED, *TrainingSpec.model_fields)}
    section = entry.get("options")
    written |= section if isinstance(section, Mapping) else {}
    from_preset = written.pop("preset", None) is not None

    def agreement(network: NetworkSpec) -> int:
        """How many of its options are written; negative if a written one is missing or has another value."""
        given = {**network.options, **network.execution}
        if any(str(written.get(key, value)) != str(value) for key, value in given.items()):
            return -1
        if not from_preset and given.keys() - written.keys():
            return -1
        return len(given)

    fitting = [network for network in candidates if agreement(network) >= 0]
    return max(reversed(fitting), key=agreement) if fitting else None
