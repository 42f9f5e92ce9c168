"""Provides a store of runs, and a cache of what is read from it, for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridctl_trainer.storage.folder import FolderStore


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")
