"""Fixtures for many short commands in a test's folder, each in a separate process; a `conftest.py` imports them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.forked_commands import CompletedCall, ForkedCommand

Command = Callable[..., CompletedCall]


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
        given = {**os.environ, **(env or {})}  # a variable whose value is None is removed
        return command(arguments, folder, {name: value for name, value in given.items() if value is not None})

    return run
