"""In a pod, each attempt runs a preflight: what cannot train ends the Job at once, and status says why."""

from __future__ import annotations

import pytest

from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster
from tests.cluster.test_max_active import jobs_in
from tests.waiting import wait_for

CANNOT_TRAIN = {
    "no GPU": (["training.device=cuda"], "no GPU here: "),
    "a GPU that the image cannot use": (
        ["training.device=auto", "kubernetes.gpus=1"],
        "was given 1 GPU that it cannot",
    ),
    "another data set": (
        ["data={train: {dataset: acdc, path: /data/sunnybrook}, size_px: 32}"],
        "this looks like Sunnybrook",
    ),
    "a model too deep": (["models.unet.channels=[2, 2, 2, 2, 2, 2]"], "leave one pixel at the last of 6 levels"),
}


FEW = ("a GPU that the image cannot use", "another data set")
"""One for each exit code, 2 and 3. The other cases are slow."""


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[] if case in FEW else pytest.mark.slow) for case in CANNOT_TRAIN]
)
def test_what_cannot_train_ends_without_another_attempt_and_status_says_why(
    case: str, cluster: Cluster, gridctl: Gridctl, namespace: str
) -> None:
    changes, why = CANNOT_TRAIN[case]
    options = [word for change in ["seeds=[1]", *changes] for word in ("--set", change)]
    assert gridctl("submit", "experiment.yaml", *options).returncode == 0
    unet = wait_for(
        lambda: [run for run in gridctl.json("status")["runs"] if run["model"] == "unet" and run["state"] == "failed"],
        200,
    )
    assert why in unet[0]["reason"], unet
    assert unet[0]["attempts"] == 1
    (job,) = [job for job in jobs_in(cluster, namespace) if job["metadata"]["name"] == unet[0]["run_id"]]
    assert job["status"]["failed"] == 1, "one pod: what would fail again is not tried again"
    gridctl("cancel")
