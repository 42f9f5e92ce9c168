"""Tests that type commands of kubectl as documents print them."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.cluster.conftest import HOW_TO_GET_ONE


def require_kubectl() -> None:
    """Skip a test where there is no cluster or no kubectl; fail it where both have to be there."""
    if not os.environ.get("KUBECONFIG"):
        lacking = HOW_TO_GET_ONE
    elif shutil.which("kubectl") is None:
        lacking = "kubectl is not on the PATH"
    else:
        return
    if os.environ.get("GRIDCTL_TEST_REQUIRE_CLUSTER"):
        pytest.fail(lacking)
    pytest.skip(lacking)
