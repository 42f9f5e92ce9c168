"""Stores that differ from what a run needs, as users meet them."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import s3_server
from tests.faulty_proxy import FaultyProxy
from trainer.contract.store import open_store

Run = Callable[..., "subprocess.CompletedProcess[str]"]

ONE_RUN = """\
name: tiny
models: {{unet: {{channels: [4, 8, 8], batch_size: 4}}}}
train_ratios: [0.5]
seeds: [1]
data: {{acdc: {phantom}/acdc, size_px: 32}}
training: {{epochs: 1}}
"""


@pytest.fixture
def one_run(tmp_path: Path, phantom: Path) -> Path:
    """An experiment of one run, which trains for one epoch."""
    path = tmp_path / "tiny.yaml"
    path.write_text(ONE_RUN.format(phantom=phantom))
    return path


@pytest.fixture
def trainer(tmp_path: Path) -> Run:
    """Runs `gridctl-trainer` in the test's folder."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "trainer", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)

    return run


@pytest.fixture
def s3_url() -> Iterator[str]:
    """An empty prefix of the real server, which is emptied afterwards."""
    if not s3_server.is_there():
        pytest.skip(s3_server.HOW_TO_GET_ONE)
    url = f"s3://{s3_server.BUCKET}/store-tests/{uuid.uuid4().hex}"
    store = open_store(url)
    yield url
    for stat in list(store.list()):
        store.delete(stat.key)


@pytest.fixture
def proxy(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A door to the real server, which commands go through."""
    with FaultyProxy(os.environ["AWS_ENDPOINT_URL_S3"]).running() as proxy, monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        yield proxy
