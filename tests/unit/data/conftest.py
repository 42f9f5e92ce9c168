"""Provides one small synthetic set for all tests of the data layer; tests copy what they change."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridctl_trainer.datasets.phantom.dataset import PhantomOptions, write_phantom

OPTIONS = PhantomOptions(patients=3, generalisation_patients=2, slices=3, seed=11)


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "phantom"
    assert write_phantom(folder, OPTIONS)
    return folder


@pytest.fixture(scope="session")
def moving_phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A smaller set with every frame of the cardiac cycle."""
    folder = tmp_path_factory.mktemp("data") / "moving"
    assert write_phantom(folder, PhantomOptions(patients=2, generalisation_patients=1, slices=2, seed=5, series=True))
    return folder
