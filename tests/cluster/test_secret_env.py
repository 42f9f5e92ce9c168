"""A pod gets a variable from a Secret, and `doctor` and `status` name a Secret or key that is missing."""

from __future__ import annotations

import pytest

from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster
from tests.waiting import wait_for

ONE_RUN = ["--set", "models={unet: {channels: [4, 8]}}", "--set", "seeds=[1]"]


@pytest.fixture(autouse=True)
def tracking(cluster: Cluster, namespace: str) -> None:
    """A Secret with one key."""
    made = {"metadata": {"name": "tracking"}, "stringData": {"key": "not-printed"}}
    cluster.create(f"/api/v1/namespaces/{namespace}/secrets", made)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{secret: tracking, key: key}", "ok       secret tracking: tracking has key"),
        ("{secret: tracking, key: other}", "Secret tracking has no other: pods would not start; it has key"),
        ("{secret: nowhere, key: key}", "there is no Secret nowhere: pods would not start"),
    ],
)
def test_doctor(source: str, said: str, gridctl: Gridctl) -> None:
    done = gridctl("doctor", "experiment.yaml", "--set", f"kubernetes.secret_env={{API_KEY: {source}}}")
    assert said in done.stdout
    assert done.returncode == (0 if said.startswith("ok") else 2)
    assert "not-printed" not in done.stdout + done.stderr


def test_a_run_with_its_variable_and_one_whose_key_is_missing(
    gridctl: Gridctl, cluster: Cluster, namespace: str
) -> None:
    given = [*ONE_RUN, "--set", "kubernetes.secret_env={API_KEY: {secret: tracking, key: other}}"]
    assert gridctl("submit", "experiment.yaml", *given).returncode == 0
    pods = f"/api/v1/namespaces/{namespace}/pods"

    def waits() -> bool:
        states = [pod["status"].get("containerStatuses") for pod in cluster.get(pods)["items"]]
        return any(state and state[0]["state"].get("waiting", {}).get("message") for state in states)

    wait_for(waits)
    (run,) = gridctl.json("status")["runs"]
    assert run["reason"].startswith("cannot start: CreateContainerConfigError: couldn't find key other in Secret")
    cluster.patch(f"/api/v1/namespaces/{namespace}/secrets/tracking", {"stringData": {"other": "not-printed"}})
    wait_for(lambda: [pod for pod in cluster.get(pods)["items"] if pod["status"]["phase"] in ("Running", "Succeeded")])
