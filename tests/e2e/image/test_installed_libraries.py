"""The image gets the requested build of torch from one index only, whatever else pip is configured to use."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.image.indexes import refusing_proxy, served, torch, wheel

ROOT = Path(__file__).parents[3]
PYPROJECT = '[project]\nname = "x"\n[project.optional-dependencies]\ntrainer = ["small_library>=1", "torch>=2.7"]\n'


@dataclass
class Build:
    """A folder as in the first stage of the image, and an environment to install into."""

    folder: Path
    python: Path
    indexes: str

    def __call__(self, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "image" / "install_libraries.py"), "--python", str(self.python), *options]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        usual = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": f"{self.indexes}/usual", "NO_PROXY": "127.0.0.1"}
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**clean, **usual, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def installed(self) -> dict[str, str]:
        code = (
            "from importlib import metadata; "
            "print(*(f'{found.name}={found.version}' for found in metadata.distributions()))"
        )
        said = subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True)
        return dict(item.split("=", 1) for item in said.stdout.split())


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "constraints.txt").write_text("torch==2.13.0\nsmall_library==1.0\n")
    places = tmp_path / "indexes"
    torch(places / "usual", "2.13.0", "13.0", requires="nvidia_library")
    wheel(places / "usual", "nvidia_library", "13.0")
    wheel(places / "usual", "small_library", "1.0")
    torch(places / "cpu", "2.13.0+cpu", None)
    torch(places / "cu126", "2.13.0+cu126", "12.6", requires="nvidia_library")
    torch(places / "other", "2.13.0+zother", "99.0")  # this version sorts last
    venv.create(tmp_path / "venv", with_pip=False)
    with served(places) as url:
        yield Build(tmp_path, tmp_path / "venv" / "bin" / "python", url)


def test_a_cpu_build_brings_nothing_of_cuda_even_beside_an_extra_index(build: Build, tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nextra-index-url = {build.indexes}/other\nfind-links = {build.indexes}/other/torch/\n")
    extra = {"PIP_EXTRA_INDEX_URL": f"{build.indexes}/other", "PIP_CONFIG_FILE": str(config)}
    done = build("--build", "cpu", "--index", f"{build.indexes}/cpu", **extra)
    assert done.returncode == 0, done.stderr
    assert f"torch 2.13.0+cpu is a cpu build from {build.indexes}/cpu" in done.stdout
    assert build.installed() == {"torch": "2.13.0+cpu", "small-library": "1.0"}


def test_the_cuda_build_is_that_of_pips_own_index(build: Build) -> None:
    done = build("--build", "cuda")
    assert done.returncode == 0, done.stderr
    assert "torch 2.13.0 is a cuda build" in done.stdout
    assert build.installed() == {"torch": "2.13.0", "nvidia-library": "13.0", "small-library": "1.0"}


def test_an_older_cuda_by_its_index(build: Build) -> None:
    done = build("--build", "cuda", "--index", f"{build.indexes}/cu126")
    assert done.returncode == 0, done.stderr
    assert build.installed() == {"torch": "2.13.0+cu126", "nvidia-library": "13.0", "small-library": "1.0"}


@pytest.mark.parametrize(("wanted", "index", "other"), [("cuda", "cpu", "cpu"), ("cpu", "cu126", "cuda")])
def test_the_other_build_ends_the_build(wanted: str, index: str, other: str, build: Build) -> None:
    done = build("--build", wanted, "--index", f"{build.indexes}/{index}")
    assert done.returncode == 1
    said = done.stderr.splitlines()[-2:]
    assert f"is a {other} build, TORCH_BUILD is {wanted}" in said[0]
    assert "--build-arg TORCH_INDEX=URL" in said[1]
    assert f"--build-arg TORCH_BUILD={other}" in said[1]


def test_an_index_without_it_is_named_without_its_password(build: Build) -> None:
    index = build.indexes.replace("//", "//me:sesame@") + "/nothing"
    done = build("--build", "cpu", "--index", index)
    assert done.returncode == 1
    assert f"error: cannot install the cpu build of torch from {build.indexes}/nothing\n" in done.stderr
    assert "TORCH_INDEX=pip" in done.stderr
    assert "sesame" not in done.stdout + done.stderr


def test_without_an_index_the_cpu_build_is_asked_of_pytorch(build: Build) -> None:
    """pip uses the configured proxy, which refuses, so nothing outside this machine is requested."""
    with refusing_proxy() as (proxy, asked):
        done = build("--build", "cpu", PIP_PROXY=proxy, PIP_RETRIES="0")
    assert done.returncode == 1
    assert set(asked) == {"download.pytorch.org:443"}
    assert "cannot install the cpu build of torch from https://download.pytorch.org/whl/cpu" in done.stderr
