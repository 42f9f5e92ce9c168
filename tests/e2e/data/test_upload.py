"""An upload contains the whole data set, including what is reached by links, or nothing."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests import s3_server
from tests.e2e.data.conftest import run_trainer
from tests.e2e.data.test_links import annex, files_of, patients
from tests.e2e.data.test_stray_files import litter
from tests.forked_commands import ForkedCommand

pytestmark = pytest.mark.skipif(not s3_server.is_there(), reason=s3_server.HOW_TO_GET_ONE)


EXPERIMENT = """\
name: demo
models: {{unet: {{}}, gamma_net: {{}}}}
train_ratios: [0.5]
seeds: [1]
data: {{train: {{dataset: acdc, path: "{url}"}}}}
"""


class Prefix:
    """A prefix for this test in a real bucket."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("s3")
        self.prefix = f"upload-tests/{uuid.uuid4().hex}"
        self.url = f"s3://{s3_server.BUCKET}/{self.prefix}"

    def listed(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=s3_server.BUCKET, Prefix=self.prefix)
        return sorted(
            item["Key"].removeprefix(f"{self.prefix}/") for page in pages for item in page.get("Contents", ())
        )

    def read(self, key: str) -> bytes:
        return self.client.get_object(Bucket=s3_server.BUCKET, Key=f"{self.prefix}/{key}")["Body"].read()  # type: ignore[no-any-return]


@pytest.fixture
def bucket() -> Iterator[Prefix]:
    prefix = Prefix()
    yield prefix
    for key in prefix.listed():
        prefix.client.delete_object(Bucket=s3_server.BUCKET, Key=f"{prefix.prefix}/{key}")


def test_links_are_followed_and_litter_is_left(
    own_set: Path, bucket: Prefix, forked_gridctl: ForkedCommand, tmp_path: Path
) -> None:
    content = {path.relative_to(own_set).as_posix(): path.read_bytes() for path in files_of(own_set)}
    litter(own_set)
    done = run_trainer("data", "upload", patients(annex_of_acdc(own_set)), bucket.url)
    assert done.returncode == 0, done.stderr
    assert f"sent {len(content)} of {len(content)} files" in done.stderr
    assert bucket.listed() == sorted([*content, "SHA256SUMS"])
    assert all(bucket.read(key) == data for key, data in content.items())
    (tmp_path / "demo.yaml").write_text(EXPERIMENT.format(url=bucket.url))
    looked = forked_gridctl(["doctor", "demo.yaml", "--no-preflight"], tmp_path, dict(os.environ))
    assert f"{bucket.url} has {len(content)} files" in looked.stdout, "as many as were sent"


def annex_of_acdc(root: Path) -> Path:
    for folder in root.glob("acdc/database/training/*"):
        if folder.is_dir():
            annex(folder)
    return root


def test_nothing_is_sent_of_a_set_with_a_hole(own_set: Path, bucket: Prefix) -> None:
    lost = own_set / "acdc" / "database" / "training" / "patient009"
    lost.symlink_to("../../../../annexed/patient009")
    done = run_trainer("data", "upload", own_set, bucket.url)
    assert done.returncode == 3
    assert f"{lost}: a link to ../../../../annexed/patient009, which is not on this machine" in done.stderr
    assert bucket.listed() == []


def test_nothing_is_sent_of_a_set_that_this_user_may_not_read(
    own_set: Path, bucket: Prefix, without_rights: tuple[str, ...]
) -> None:
    lost = own_set / "acdc" / "database" / "training" / "patient001"
    lost.chmod(0o000)
    done = run_trainer("data", "upload", own_set, bucket.url, prefix=without_rights)
    lost.chmod(0o755)
    assert done.returncode == 3
    assert f"{lost}: cannot read it: Permission denied" in done.stderr
    assert bucket.listed() == []
