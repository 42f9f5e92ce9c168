"""Many short commands, so that many ways to write a place or a setting can be tried."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.forked_commands import CompletedCall, ForkedCommand, forked_command

Command = Callable[..., CompletedCall]

YAML = """\
name: tiny
models: {unet: {channels: [4, 8], batch_size: 2}}
train_ratios: [0.5]
seeds: [1]
data: {acdc: /nowhere, size_px: 32}
training: {epochs: 1}
"""


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
    return _in(tmp_path, forked_gridctl)


@pytest.fixture
def trainer(forked_trainer: ForkedCommand, tmp_path: Path) -> Command:
    """Runs `gridctl-trainer` in the test's folder."""
    return _in(tmp_path, forked_trainer)


def _in(folder: Path, command: ForkedCommand) -> Command:
    def run(*arguments: str, env: Mapping[str, str | None] | None = None) -> CompletedCall:
        given = {**os.environ, **(env or {})}  # None takes a variable away
        return command(arguments, folder, {name: value for name, value in given.items() if value is not None})

    return run
