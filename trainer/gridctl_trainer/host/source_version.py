"""Identifies the source of this trainer: its version, its commit, and whether it was changed since."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Final

IMAGE_RECORD: Final = "source.json"
"""Name of the file in the package in which an image records its source."""

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_TIMEOUT_S: Final = 20
_DIGITS: Final = 8


def git_sha() -> str:
    """The commit of this source; empty if unknown.

    It is the commit that the image names, or else that of the repository that tracks this package (not one in which an
    installation happens to lie), or else the one from which it was installed (PEP 610). With uncommitted changes, it is
    `<commit>+dirty.<digest of the package>`, which distinguishes two states of one commit. In an image that was built
    without looking for changes, it ends with `+unchecked.<digest>`.
    """
    named = os.environ.get("GRIDCTL_GIT_SHA", "") or _of_image().get("git_sha", "")
    return named or _of_checkout() or _of_installation()


def version() -> str:
    """The version of this package; empty if unknown."""
    try:
        return _of_image().get("version", "") or metadata.version("gridctl")
    except metadata.PackageNotFoundError:
        return ""


def _of_image() -> dict[str, str]:
    """The record of the image that holds this package; empty outside an image."""
    try:
        said = json.loads((_PACKAGE / IMAGE_RECORD).read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in said.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _of_checkout() -> str:
    try:
        _git("ls-files", "--error-unmatch", "--", "__init__.py")
        commit = _git("rev-parse", "--verify", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=normal", "--", ".")
    except (OSError, subprocess.SubprocessError):  # no git, no repository, not tracked by it, or no commit yet
        return ""
    return f"{commit}+dirty.{package_digest()}" if changed else commit


def _git(*arguments: str) -> str:
    # Variables such as GIT_DIR, with which hooks run, name another repository, so they are removed. Git refuses a
    # repository that belongs to another user, as in a container. Reading this one is safe: it runs none of its
    # code, and that code is running here anyway.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    options = ("--no-optional-locks", "-c", "safe.directory=*", "-c", "core.fsmonitor=false")
    answer = subprocess.run(
        ["git", *options, *arguments],
        cwd=_PACKAGE,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=_TIMEOUT_S,
        check=True,
    )
    return answer.stdout.strip()


def package_digest() -> str:
    """A digest over the names and contents of the package's modules."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(_PACKAGE).as_posix()} {len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()[:_DIGITS]


def _of_installation() -> str:
    """The commit that pip recorded for `pip install git+https://...`."""
    try:
        installed = metadata.distribution("gridctl")
        if Path(str(installed.locate_file(_PACKAGE.name))).resolve() != _PACKAGE:
            return ""  # this is not the copy that is running
        said = json.loads(installed.read_text("direct_url.json") or "{}")
        return str(said.get("vcs_info", {}).get("commit_id", ""))
    except (OSError, ValueError, AttributeError, metadata.PackageNotFoundError):
        return ""
