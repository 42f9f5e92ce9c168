"""Fixtures to run the installed `gridctl` as a user does: by its script, in the user's own folder."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]

SCRIPTS = Path(sysconfig.get_path("scripts"))
FAULTS = {"PYTHONPATH": str(Path(__file__).parent)}
"""Environment variables that make Python import `sitecustomize.py`."""

READS_ALL = "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"

EXPERIMENT = """\
name: tiny
models: {{unet: {{channels: [4, 8, 8], batch_size: 4}}}}
train_ratios: [0.5]
seeds: {seeds}
data: {{train: {{dataset: acdc, path: {phantom}/acdc}}, size_px: 32}}
training: {{epochs: 1}}
"""


def experiment_of(folder: Path, phantom: Path, seeds: Sequence[int] = (1,)) -> Path:
    """An experiment file whose runs train for one epoch."""
    path = folder / "tiny.yaml"
    path.write_text(EXPERIMENT.format(phantom=phantom, seeds=list(seeds)))
    return path


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs one of our scripts in the test's folder; a variable whose value is None is unset."""

    def run(
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        cwd: Path = tmp_path,
        wrapper: Sequence[str] = (),
        **options: Any,
    ) -> subprocess.CompletedProcess[str]:
        environment: dict[str, str | None] = {**os.environ, **(env or {})}
        return subprocess.run(
            [*wrapper, str(SCRIPTS / arguments[0]), *arguments[1:]],
            cwd=cwd,
            env={name: value for name, value in environment.items() if value is not None},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            **options,
        )

    return run


def nameless_user() -> list[str]:
    """Prefix of a command that runs it as a user without name and home, who can read but not write root's files."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user: run the tests in a container as root")
    return ["setpriv", "--reuid=54321", "--clear-groups", *READS_ALL]


def outcome(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The output of `submit --json`, after checking that there is no traceback."""
    assert "Traceback" not in done.stderr, done.stderr
    assert "a bug in gridctl" not in done.stderr, done.stderr
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
