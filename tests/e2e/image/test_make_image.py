"""`make image` calls the builder with arguments that the Dockerfile declares."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("given", "build"), [([], "cuda"), (["TORCH_BUILD=cpu"], "cpu")])
def test_make_image(given: list[str], build: str) -> None:
    """Run make with a builder that records how it was called."""
    command = ["make", "--silent", "image", "BUILDER=echo", f"PYTHON={sys.executable}", "IMAGE=lab/trainer:1", *given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    words = shlex.split(done.stdout)
    assert (words[0], words[-3:]) == ("build", ["-t", "lab/trainer:1", "."])
    arguments = dict(word.split("=", 1) for word in words if "=" in word)
    assert arguments["TORCH_BUILD"] == build
    assert re.fullmatch(r"[0-9a-f]{40}(\+dirty\.[0-9a-f]{8})?", arguments["GIT_SHA"])
    known = re.findall(r"^ARG (\w+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert set(arguments) <= set(known)
