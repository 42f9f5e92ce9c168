"""Install the trainer's libraries into the image, torch first and from one index alone.

torch has builds for CPUs and for CUDA under one version number, each on an index of its own. With an extra index pip
takes whichever file sorts last, so torch is installed without extra indexes and without its dependencies; the rest
follows from pip's usual index, which finds that torch is there. At the end torch is imported: that works without a
driver, and tells which build it is.

Needs nothing but the standard library and pip.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

PIP_AS_CONFIGURED: Final = "pip"
"""As an index: wherever pip is set up to look. On Linux with an x86-64 CPU, PyPI's own torch is a CUDA build."""
INDEXES: Final = {"cpu": "https://download.pytorch.org/whl/cpu", "cuda": PIP_AS_CONFIGURED}
"""Where each build is found if nothing else is said."""

_KEPT_OPTIONS: Final = ("cert", "client-cert", "proxy", "timeout", "default-timeout", "retries", "trusted-host")
"""Of pip's configuration: how to connect, not where to."""
_WHERE_TO_LOOK: Final = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX")
_WHICH_BUILD: Final = "import torch; print(torch.__version__, 'cuda' if torch.version.cuda else 'cpu')"


def main(arguments: Sequence[str] | None = None) -> None:
    """Install everything, or end with one sentence that says what to pass."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", choices=sorted(INDEXES), required=True)
    parser.add_argument(
        "--index", default="", help="index of torch; 'pip': as pip is configured; empty: the build's own"
    )
    parser.add_argument("--python", required=True, help="interpreter of the environment to install into")
    given = parser.parse_args(arguments)
    index = given.index or INDEXES[given.build]
    torch, others = _requirements(Path("pyproject.toml"))
    if _pip(given.python, ["--no-deps", torch], index):
        sys.exit(
            f"error: cannot install the {given.build} build of torch from {_named(index)}\n"
            f"  pass --build-arg TORCH_INDEX=URL, an index that has it, or TORCH_INDEX={PIP_AS_CONFIGURED}: "
            "wherever pip is set up to look"
        )
    if _pip(given.python, [torch, *others], PIP_AS_CONFIGURED):
        sys.exit("error: cannot install the trainer's libraries: pip says above why")
    said = subprocess.run([given.python, "-c", _WHICH_BUILD], capture_output=True, text=True, check=False)
    if said.returncode:
        sys.exit(f"error: torch cannot be imported:\n{said.stderr}")
    version, build = said.stdout.split()
    if build != given.build:
        sys.exit(
            f"error: torch {version} from {_named(index)} is a {build} build, TORCH_BUILD is {given.build}\n"
            f"  pass --build-arg TORCH_INDEX=URL, an index of {given.build} builds as PyTorch's install page names it, "
            f"or --build-arg TORCH_BUILD={build}"
        )
    print(f"torch {version} is a {build} build from {_named(index)}")


def _requirements(pyproject: Path) -> tuple[str, list[str]]:
    """That of torch, and the trainer's others."""
    wanted = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["optional-dependencies"]["trainer"]
    torch = next(line for line in wanted if re.match(r"torch\b", line))
    return torch, [line for line in wanted if line != torch]


def _pip(python: str, requirements: Sequence[str], index: str) -> int:
    """What pip ends with; from one index alone, unless it is `PIP_AS_CONFIGURED`."""
    options = ["--no-cache-dir", "--only-binary", ":all:", "--constraint", "constraints.txt"]
    environment: Mapping[str, str] = os.environ
    if index != PIP_AS_CONFIGURED:
        options += ["--index-url", index]
        environment = _only_connecting(os.environ)
    command = [sys.executable, "-m", "pip", "--python", python, "install", *options, *requirements]
    return subprocess.run(command, env=environment, check=False).returncode


def _only_connecting(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without anything that names another place to look at, and with pip's files' other options."""
    configured = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    kept = {}
    for line in configured.stdout.splitlines():
        name, _, value = line.partition("=")
        option = name.rpartition(".")[2]
        if option in _KEPT_OPTIONS:
            kept["PIP_" + option.upper().replace("-", "_")] = value.strip("'\"")
    rest = {name: value for name, value in environment.items() if name not in _WHERE_TO_LOOK}
    return rest | kept | {"PIP_CONFIG_FILE": os.devnull}


def _named(index: str) -> str:
    """An index as it may stand in a log: without a password."""
    return "pip's own index" if index == PIP_AS_CONFIGURED else re.sub(r"//[^/@]*@", "//", index)


if __name__ == "__main__":
    main()
