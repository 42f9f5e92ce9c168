"""Documented commands that are not run individually, and why. An entry that matches no command fails a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXEMPT: Final[Mapping[str, str]] = {
    r"make (demo|test|lint|slow|docs)": "install into .venv first; .ci/run runs them, here make parses their recipes",
    r"make image( .*)?": "builds an image of several GB; tests/e2e/image/test_make_image.py runs it without the build",
    r"docker build .*-t (gridctl-trainer|gridctl-build|my-trainer):1 \S+": "several GB; .ci/run builds the same",
    r"gridctl-trainer describe mynets:ResUNet .*": "the reader's; tests/e2e/installed/test_own_model.py describes one",
    r"kubectl cp": "a name alone; docs/cluster.md shows it in full, where it is followed",
    r"\.ci/run": "runs this test",
    r"pip install .*": "the project is installed by `make`, with the same constraints",
    r"\.venv/bin/pre-commit install": "changes the checkout's Git hooks",
    r"kind create cluster|k3d cluster create": "make a cluster; ours is given by KUBECONFIG",
    r"apt-get install .*": "needs root; .ci/run installs the same packages",
    r"python (-m benchmarks\.|benchmarks/).*": "take from minutes to hours; the pages say what was measured where",
    r"git (annex get|lfs pull)": "tools of whoever keeps data in Git",
    r"gridctl(-trainer)? --install-completion": "tests/e2e/newcomer/test_completion.py runs both",
}
"""Reasons, by a regular expression that matches the whole command."""

FOLLOWED: Final[Mapping[str, str]] = {"docs/cluster.md": "tests/cluster/test_documentation.py"}
"""Pages whose blocks a test runs in order, from first to last."""

ENDS_WITH: Final[Mapping[str, tuple[int, str]]] = {
    r"gridctl decide FILE": (2, "`fixed` allows one look"),  # which the demo declares
    r"gridctl delete (NAME|demo --run \S+)": (2, "nobody is here to be asked"),
}
"""Exit code and message of commands that do not end with 0 if no person answers."""
