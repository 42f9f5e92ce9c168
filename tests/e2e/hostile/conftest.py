"""Many short commands, each a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.forked_commands import CompletedCall, ForkedCommand, forked_command

Command = Callable[..., CompletedCall]


@pytest.fixture(scope="session")
def forked_gridctl() -> Iterator[ForkedCommand]:
    with forked_command("gridctl") as command:
        yield command


@pytest.fixture(scope="session")
def forked_trainer() -> Iterator[ForkedCommand]:
    with forked_command("gridctl-trainer") as command:
        yield command


@pytest.fixture
def gridctl(forked_gridctl: ForkedCommand, tmp_path: Path) -> Command:
    """Runs `gridctl` in the test's folder."""
    return lambda *arguments: forked_gridctl(arguments, tmp_path, os.environ)


@pytest.fixture
def trainer(forked_trainer: ForkedCommand, tmp_path: Path) -> Command:
    """Runs `gridctl-trainer` in the test's folder."""
    return lambda *arguments: forked_trainer(arguments, tmp_path, os.environ)
