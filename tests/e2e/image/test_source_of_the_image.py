"""Version and commit reach the image without being typed, and an uncommitted change is recorded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.local.test_source_of_the_trainer import git, source

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with the sources of the image."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    source(folder / "trainer")
    shutil.copytree(ROOT / "image", folder / "image", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pyproject.toml").write_text('[project]\nname = "gridctl"\nversion = "7.8.9"\n')
    (folder / ".gitignore").write_text("__pycache__/\n")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder


def arguments(checkout: Path) -> str:
    command = [str(checkout / "image" / "source_arguments")]
    env = {**os.environ, "PYTHON": sys.executable, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, env=env, cwd="/", capture_output=True, text=True, check=True).stdout.strip()


def test_the_arguments_name_version_and_commit(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    assert arguments(checkout) == f"--build-arg VERSION=7.8.9 --build-arg GIT_SHA={commit}"
    with (checkout / "trainer" / "gridctl_trainer" / "training" / "loop.py").open("a") as file:
        file.write("# changed\n")
    assert arguments(checkout).startswith(f"--build-arg VERSION=7.8.9 --build-arg GIT_SHA={commit}+dirty.")


def test_a_folder_that_is_no_repository_has_a_version(checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")
    assert arguments(checkout) == "--build-arg VERSION=7.8.9"


def built(checkout: Path, tmp_path: Path, **environment: str) -> str:
    """Output of `gridctl-trainer --version` in an image with the same files in the same places."""
    app, build = tmp_path / "app", tmp_path / "build"
    shutil.copytree(checkout / "trainer", app)
    build.mkdir()
    shutil.copy(checkout / "pyproject.toml", build)
    for name in ("HEAD", "packed-refs"):
        if (checkout / ".git" / name).exists():
            shutil.copy(checkout / ".git" / name, build)
    if (checkout / ".git" / "refs").exists():
        shutil.copytree(checkout / ".git" / "refs", build, dirs_exist_ok=True)
    record = [sys.executable, str(checkout / "image" / "record_source.py")]
    env = {**os.environ, "PYTHONPATH": str(app), **environment}
    subprocess.run(record, cwd=build, env=env, capture_output=True, check=True)
    assert set(json.loads((app / "gridctl_trainer" / "source.json").read_text())) == {"version", "git_sha"}
    show = [sys.executable, "-P", str(app / "gridctl_start.py"), "--version"]
    return subprocess.run(show, capture_output=True, text=True, check=True).stdout.strip()


def test_the_image_says_what_it_was_told(checkout: Path, tmp_path: Path) -> None:
    said = built(checkout, tmp_path, GIT_SHA="abc+dirty.1234", VERSION="7.8.9")
    assert said == "gridctl-trainer 7.8.9 (commit abc+dirty.1234)"


@pytest.mark.parametrize("kept", ["branch", "packed", "detached"])
def test_a_plain_build_reads_the_commit_from_git_and_says_that_nobody_looked_for_changes(
    kept: str, checkout: Path, tmp_path: Path
) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    if kept == "packed":
        git(checkout, "pack-refs", "--all")
    elif kept == "detached":
        git(checkout, "checkout", "--quiet", "--detach")
    assert built(checkout, tmp_path).startswith(f"gridctl-trainer 7.8.9 (commit {commit}+unchecked.")


def test_a_plain_build_without_a_repository(checkout: Path, tmp_path: Path) -> None:
    shutil.rmtree(checkout / ".git")
    assert built(checkout, tmp_path).startswith("gridctl-trainer 7.8.9 (commit unknown+unchecked.")
