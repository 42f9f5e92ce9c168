"""Which source this trainer is: its version, its commit, and whether it was changed since."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Final

IMAGE_RECORD: Final = "source.json"
"""Name of the file in the package in which an image says what it is made of."""

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_TIMEOUT_S: Final = 20
_DIGITS: Final = 8


def git_sha() -> str:
    """Commit of this source; empty if unknown.

    That which the image names; else of the repository that tracks this package, not of one that
    an installation happens to lie in; else that which it was installed from (PEP 610). With
    changes that are not committed it is `<commit>+dirty.<digest of the package>`, so that two
    states of one commit are told apart; `+unchecked.<digest>` in an image that was built without
    looking for changes.
    """
    named = os.environ.get("GRIDCTL_GIT_SHA", "") or _of_image().get("git_sha", "")
    return named or _of_checkout() or _of_installation()


def version() -> str:
    """Version of this package; empty if unknown."""
    try:
        return _of_image().get("version", "") or metadata.version("gridctl")
    except metadata.PackageNotFoundError:
        return ""


def _of_image() -> dict[str, str]:
    """What the image that this package lies in was built from; empty outside of one."""
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
    # Variables such as GIT_DIR, which hooks are run with, name another repository. Git refuses one
    # that belongs to another user, as in a container; but reading this one runs nothing of it,
    # and its code is what runs here anyway.
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
    """Over names and content of the package's modules."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(_PACKAGE).as_posix()} {len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()[:_DIGITS]


def _of_installation() -> str:
    """The commit that pip recorded of `pip install git+https://...`."""
    try:
        installed = metadata.distribution("gridctl")
        if Path(str(installed.locate_file(_PACKAGE.name))).resolve() != _PACKAGE:
            return ""  # another copy than the one that runs
        said = json.loads(installed.read_text("direct_url.json") or "{}")
        return str(said.get("vcs_info", {}).get("commit_id", ""))
    except (OSError, ValueError, AttributeError, metadata.PackageNotFoundError):
        return ""
