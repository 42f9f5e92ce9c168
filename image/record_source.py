"""Write down which source an image is made of: its version and its commit.

`image/source_arguments` passes the commit as GIT_SHA. A plain `docker build .` has only what git keeps of HEAD, which
cannot tell whether files were changed since; then a digest of the package stands beside the commit.
"""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path


def main(build: Path) -> None:
    """Write `source.json` into the installed trainer.

    Args:
        build: Folder with `pyproject.toml` and, if there was a repository, git's HEAD and refs.
    """
    import gridctl_trainer
    from gridctl_trainer.host.source_version import IMAGE_RECORD, package_digest

    version = tomllib.loads((build / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    commit = os.environ.get("GIT_SHA", "")
    if not commit:
        commit = f"{head(build) or 'unknown'}+unchecked.{package_digest()}"
    record = {"version": os.environ.get("VERSION") or version, "git_sha": commit}
    (Path(gridctl_trainer.__file__).parent / IMAGE_RECORD).write_text(json.dumps(record), encoding="utf-8")
    print(f"gridctl {record['version']}, commit {commit}")


def head(build: Path) -> str:
    """The commit that HEAD names, from git's files in a folder; empty if they do not say."""
    try:
        text = (build / "HEAD").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
    reference = text.removeprefix("ref: ")
    if reference == text:
        return text  # a detached HEAD
    try:
        return (build / reference.removeprefix("refs/")).read_text(encoding="utf-8").strip()
    except OSError:
        pass
    try:
        lines = (build / "packed-refs").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split()[0] for line in lines if line.endswith(f" {reference}")), "")


if __name__ == "__main__":
    main(Path.cwd())
