"""Which data sets a first experiment uses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gridctl.errors import InputError
from gridctl.experiment.draft.data_folders import DataFolder, find_data
from gridctl_trainer.plugins.dataset import DATASETS, title_of

PHANTOM: Final = "data/phantom"
"""Folder of the synthetic set, proposed to users without data."""


def choose_data(folders: Sequence[str], *, here: bool) -> tuple[list[DataFolder], list[str]]:
    """The data sets, the one to train on first, and notes about them.

    Args:
        folders: Given by the user; none for the synthetic set, or for a volume that pods mount.
        here: Whether runs train on this machine.

    Raises:
        InputError: A folder holds no data set, there are two of a kind, or none to train on.
        StoreError: A bucket cannot be reached.
    """
    if not folders:
        return _without_folder(here=here)
    found: dict[str, DataFolder] = {}
    for given in folders:
        for data in find_data(given):
            if data.kind in found:
                where = f"{found[data.kind].location} and {data.location}"
                raise InputError(f"two sets in the form of {data.kind}", where=where, fix="give one of them")
            found[data.kind] = data
    trained = next((data for data in found.values() if DATASETS.find(data.kind).trains), None)
    if trained is None:
        alone = next(iter(found.values()))
        others = [DATASETS.find(name).title for name in DATASETS.names() if DATASETS.find(name).trains]
        raise InputError(
            f"this is {title_of(alone.kind)} alone, which models are only scored on",
            where=alone.location,
            fix=f"give the folder to train on as well: gridctl init {others[0]} {alone.location}",
        )
    return [trained, *(data for data in found.values() if data is not trained)], []


def _without_folder(*, here: bool) -> tuple[list[DataFolder], list[str]]:
    if not here:
        note = "no data folder was given: the file names /data/acdc, as pods would see a volume with ACDC"
        return [DataFolder("acdc", "/data/acdc", ())], [note]
    if Path(PHANTOM).is_dir():
        return find_data(PHANTOM), []
    acdc = DataFolder("acdc", f"{PHANTOM}/acdc", tuple(f"patient{number:03d}" for number in range(1, 13)))
    sunnybrook = DataFolder("sunnybrook", f"{PHANTOM}/sunnybrook", ("SC-N-1", "SC-N-2", "SC-N-3", "SC-N-4"))
    note = "no data folder was given: the file names synthetic hearts"
    return [acdc, sunnybrook], [note]
