"""Locations as Windows, AWS, scp and web browsers write them are never taken for the name of a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.places.conftest import YAML, Command

REFUSED = {
    "arn:aws:s3:::b/x": "did you mean s3://b/x?",
    "https://b.s3.amazonaws.com/x?versionId=3": "did you mean s3://b/x?",
    "https://s3.eu-west-1.amazonaws.com/b/x": "did you mean s3://b/x?",
    "b.s3.us-east-1.amazonaws.com/x": "did you mean s3://b/x?",
    "s3:\\\\b\\x": "did you mean s3://b/x?",
    "localhost:9000/b": "AWS_ENDPOINT_URL_S3",
    "10.0.0.1:9000": "AWS_ENDPOINT_URL_S3",
    "user@host:/b": "another machine",
    "//user:hidden@host/b": "user name",
    "C:\\runs": "Windows path",
    "C:/runs": "Windows path",
    "\\\\host\\share": "Windows path",
    "file:runs": "did you mean runs?",
}
TAKEN = ["me@lab", "runs:12", "2026-01-01T10:20", "a\\b", "./C:", "s3.local"]


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(YAML.replace("/nowhere", "data"))
    (tmp_path / "data" / "patient001").mkdir(parents=True)


def test_refused_with_how_it_is_written_here(gridctl: Command, tmp_path: Path) -> None:
    before = sorted(os.listdir(tmp_path))
    for text, said in REFUSED.items():
        done = gridctl("submit", "tiny.yaml", "--store", text, "--set", f"data.train.path={text}")
        assert (done.returncode, done.stdout) == (2, ""), text
        assert done.stderr.count(said) == 2, done.stderr
        assert "hidden" not in done.stderr
    assert sorted(os.listdir(tmp_path)) == before


def test_names_of_folders_that_only_look_a_little_like_that(gridctl: Command, tmp_path: Path) -> None:
    for text in TAKEN:
        done = gridctl("submit", "tiny.yaml", "--store", text, "--dry-run")
        assert done.returncode == 0, done.stderr
        assert f"store {tmp_path / text.removeprefix('./')}\n" in done.stderr
    done = gridctl(
        "submit", "tiny.yaml", "--store", "s3://b/me@lab.org/runs", "--set", "backend=kubernetes", "--dry-run"
    )
    assert "user name" not in done.stderr


def test_a_store_that_is_a_file_is_no_empty_store(gridctl: Command, tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to("nowhere")
    for name, said in {"tiny.yaml": "this is a file, not a folder", "broken": "this link leads to no folder"}.items():
        for verb in (["list"], ["status", "tiny"], ["submit", "tiny.yaml"], ["report", "tiny"]):
            done = gridctl(*verb, "--store", name)
            assert (done.returncode, done.stdout) == (3, ""), verb
            assert said in done.stderr
