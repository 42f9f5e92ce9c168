"""A run's output reaches the reader completely, from its pods while they exist and else from the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gridctl.executors.kubernetes.logs import PodLogs
from gridctl.experiment import Experiment
from gridctl_trainer.contract.layout import AttemptName, RunLayout
from gridctl_trainer.storage.base import Store
from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster, backend
from tests.cluster.kubeconfig import faulty_door
from tests.faulty_proxy import Answer, Cut, Fault, Request
from tests.waiting import wait_for

ONE = ("models={unet: {channels: [4, 8]}}", "seeds=[1]")
COUNTS = """
import time
for number in range(60):
    print(f"line {number} of a text that is long enough to be cut in many places", flush=True)
    time.sleep(0.05)
"""
"""Three seconds of lines."""


@pytest.mark.parametrize("follow", [True, False])
def test_a_log_whose_connection_is_cut_again_and_again_is_whole(
    follow: bool,
    experiment: Callable[..., Experiment],
    stub: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = experiment(stub(COUNTS), *ONE)
    one = backend(made)
    one.start(made.runs)
    if not follow:
        wait_for(lambda: not one.observe(made.name)[made.runs[0].run_id].active)
    with faulty_door(tmp_path) as (door, through):

        def cut(request: Request) -> Fault | None:
            return Cut(1500) if "/log?" in request.path and len(door.hurt) < 3 else None

        door.rule = cut
        monkeypatch.setenv("KUBECONFIG", through["KUBECONFIG"])
        lines = list(PodLogs(backend(made).api, made.runs[0].run_id).lines(follow=follow))
        assert len(door.hurt) == 3
    assert [int(line.split()[1]) for line in lines] == list(range(60))


def test_following_goes_on_in_the_pod_that_replaces_another(
    cluster: Cluster, experiment: Callable[..., Experiment], stub: Callable[[str], str], store: Store
) -> None:
    """The first attempt fails because a file in the store is missing, and the second succeeds."""
    script = """
    import os, sys
    import boto3
    client = boto3.client("s3")
    bucket, _, key = sys.argv[2].removeprefix("s3://").partition("/")
    tries = client.list_objects_v2(Bucket=bucket, Prefix=key + ".try").get("KeyCount")
    client.put_object(Bucket=bucket, Key=f"{key}.try{tries}")
    print("try", tries, flush=True)
    sys.exit(1 - tries)
    """
    made = experiment(stub(script), *ONE)
    one = backend(made)
    one.start(made.runs)
    assert list(PodLogs(one.api, made.runs[0].run_id).lines(follow=True)) == ["try 0", "try 1"]


def test_a_pod_whose_node_does_not_answer(
    experiment: Callable[..., Experiment], stub: Callable[[str], str], gridctl: Gridctl, store: Store, tmp_path: Path
) -> None:
    made = experiment(stub("import time; print('began', flush=True); time.sleep(600)"), *ONE)
    (tmp_path / "experiment.yaml").write_text(made.document.to_yaml())
    assert gridctl("submit", "experiment.yaml").returncode == 0
    run = made.runs[0]
    wait_for(lambda: backend(made).observe(made.name)[run.run_id].running)
    assert wait_for(lambda: gridctl("logs", run.run_id).stdout) == "began\n"
    store.put(RunLayout(run.experiment, run.run_id).attempt_output(AttemptName(1, "uid")), b"epoch 1\nepoch 2\n")
    with faulty_door(tmp_path) as (door, through):
        door.rule = lambda request: Answer(502, {}, b"dial tcp: refused") if "/log?" in request.path else None
        gridctl.environment |= through
        done = gridctl("logs", run.run_id)
    assert (done.returncode, done.stdout) == (0, "epoch 1\nepoch 2\n"), done.stderr
