"""Support for tests that run kubectl commands as documents print them."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.cluster.conftest import HOW_TO_GET_ONE


def require_kubectl() -> None:
    """Skip a test without a cluster or kubectl, or fail it where both are required."""
    if not os.environ.get("KUBECONFIG"):
        lacking = HOW_TO_GET_ONE
    elif shutil.which("kubectl") is None:
        lacking = "kubectl is not on the PATH"
    else:
        return
    if os.environ.get("GRIDCTL_TEST_REQUIRE_CLUSTER"):
        pytest.fail(lacking)
    pytest.skip(lacking)
