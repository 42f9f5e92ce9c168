"""Checks that one model can segment all data sets of a run: they label its structures, and their images are alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gridctl_trainer.contract.errors import DataError, Problem
from gridctl_trainer.contract.spec import DataSpec
from gridctl_trainer.contract.wording import count
from gridctl_trainer.preprocessing.prepared import PreparedSet


def require_alike(data: DataSpec, found: Mapping[str, PreparedSet]) -> None:
    """Refuse data sets that do not fit the experiment.

    Args:
        data: The data of the run.
        found: The prepared sets by name: `train`, `test`, and the external ones.

    Raises:
        DataError: A structure to learn is on no image of `data.train`, a scored set has none of the structures, or the
            images of two sets have different numbers of channels. It lists all problems.
    """
    if problems := list(_problems(data, found)):
        raise DataError(problems)


def _problems(data: DataSpec, found: Mapping[str, PreparedSet]) -> Iterator[Problem]:
    channels = found["train"].channels
    for keys, given in data.places:
        name, field = keys[-1], f"data.{'.'.join(keys)}"
        prepared = found[name]
        missing = [structure for structure in data.target if structure not in prepared.structures]
        if missing and (name == "train" or len(missing) == len(data.target)):
            there = f"of data.target it has {', '.join(prepared.structures)}" if prepared.structures else "look at it"
            yield Problem(
                f"{field}: no case has {' or '.join(missing)}, which data.target names",
                given.path,
                f"{there}: gridctl-trainer data check {given.path}",
            )
        if prepared.channels != channels:
            yield Problem(
                f"{field}: its images have {count(prepared.channels, 'channel')}, those of data.train have {channels}",
                given.path,
                "a model needs images with the same channels: leave one of the two sets out",
            )
