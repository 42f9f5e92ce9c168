"""Fixtures to run the real commands as subprocesses, on a synthetic set that they write themselves."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gridctl_trainer.storage.base import open_store
from tests import s3_server
from tests.faulty_proxy import FaultyProxy
from tests.forked_commands import ForkedCommand

Run = Callable[..., "subprocess.CompletedProcess[str]"]

EXPERIMENT = """\
name: tiny
models:
  unet: {{channels: [4, 8, 8], batch_size: 4}}
  gamma_net: {{channels: [4, 6, 8], down_fgru_kernels: [5, 3, 1], up_fgru_kernels: [1, 1], batch_size: 4}}
train_ratios: [0.5]
seeds: [1, 2, 3]
data:
  train: {{dataset: acdc, path: {phantom}/acdc}}
  external: {{sunnybrook: {{dataset: sunnybrook, path: {phantom}/sunnybrook}}}}
  size_px: 32
training: {{epochs: 3, checkpoint_every_epochs: 2}}
compare: {{model: gamma_net, against: unet}}
"""


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic set: six patients to train and validate on, two to generalise to."""
    folder = tmp_path_factory.mktemp("data") / "phantom"
    options = ["--patients", "6", "--generalisation-patients", "2", "--seed", "7"]
    subprocess.run([sys.executable, "-m", "gridctl_trainer", "data", "phantom", str(folder), *options], check=True)
    return folder


@pytest.fixture
def experiment(tmp_path: Path, phantom: Path) -> Path:
    """A small experiment file in its own folder."""
    path = tmp_path / "tiny.yaml"
    path.write_text(EXPERIMENT.format(phantom=phantom))
    return path


@pytest.fixture
def gridctl(tmp_path: Path, forked_gridctl: ForkedCommand) -> Run:
    """Runs `gridctl` in the test's folder."""

    def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        env: dict[str, str] = options.get("env", {})  # type: ignore[assignment]
        return forked_gridctl(arguments, tmp_path, {**os.environ, **env})

    return run


@pytest.fixture
def s3_url() -> Iterator[str]:
    """An empty prefix on the real server, which is emptied again afterwards."""
    if not s3_server.is_there():
        pytest.skip(s3_server.HOW_TO_GET_ONE)
    url = f"s3://{s3_server.BUCKET}/store-tests/{uuid.uuid4().hex}"
    store = open_store(url)
    yield url
    for stat in list(store.list()):
        store.delete(stat.key)


@pytest.fixture
def proxy(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A proxy in front of the real server, through which commands reach it."""
    with FaultyProxy(os.environ["AWS_ENDPOINT_URL_S3"]).running() as proxy, monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        yield proxy
