"""Reads the experiment file in a store, in whichever grammar it was submitted."""

from __future__ import annotations

from collections.abc import Mapping

from gridctl.experiment.document import Document
from gridctl.experiment.grid import Experiment, parse_experiment
from gridctl.experiment.models.trained_networks import TrainedNetworks


def is_version_1(document: Document) -> bool:
    """Whether a file is in the grammar of version 1, which named its data `acdc` and `sunnybrook`."""
    data = document.content.get("data")
    return isinstance(data, Mapping) and "acdc" in data and "train" not in data


def parse_stored(document: Document, trained: TrainedNetworks | None = None) -> Experiment:
    """An experiment that was submitted before: neither its executor nor its models need be installed here.

    Args:
        document: The stored file, in any grammar.
        trained: What its runs were trained with, for models that are not installed here.

    Raises:
        InputError: It is not valid in its grammar.
    """
    if not is_version_1(document):
        return parse_experiment(document, from_elsewhere=True, trained=trained)
    from gridctl.experiment.released.experiment_v1 import parse_version_1

    return parse_version_1(document)
