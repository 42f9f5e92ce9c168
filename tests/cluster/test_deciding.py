"""`gridctl decide` waits for Jobs, looks at their results, and deletes Jobs that are no longer needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gridctl.experiment import Experiment
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.storage.base import Store
from tests.cluster.commands import Gridctl
from tests.cluster.conftest import Cluster
from tests.waiting import wait_for


@pytest.mark.timeout(900)
def test_jobs_that_are_not_needed_are_deleted_once_it_is_decided(
    experiment: Callable[..., Experiment],
    gridctl: Gridctl,
    store: Store,
    cluster: Cluster,
    namespace: str,
    tmp_path: Path,
) -> None:
    """The look at three seeds finds equivalence, while all seeds have been submitted and two wait for resources."""
    margin = "{model: gamma_net, against: unet, claim: cohort, equivalence_margin: 5, stopping: {looks: [3, 5]}}"
    made = experiment("seeds=[1, 2, 3, 4, 5]", f"compare={margin}", "training.epochs=1", "metrics=[soft_dice]")
    (tmp_path / "demo.yaml").write_text(made.document.to_yaml())
    held = made.document.with_overrides(["kubernetes.node_selector={never: there}"])
    (tmp_path / "held.yaml").write_text(held.to_yaml())
    last = [run for run in made.runs if run.seed == 5]
    first = gridctl("decide", "demo.yaml", "--no-verify", "--json", "--max-seeds", "3")
    assert first.returncode == 0, first.stderr
    found = json.loads(first.stdout)
    assert (found["ended"], [look["seeds"] for look in found["looks"]]) == ("decided", [3])
    assert found["looks"][0]["tests"][0]["decision"] == "equivalent"
    assert not any(store.exists(RunLayout(run.experiment, run.run_id).spec) for run in last)

    submitted = gridctl("submit", "held.yaml", "--no-verify")
    assert submitted.returncode == 0, submitted.stderr
    again = gridctl("decide", "demo.yaml", "--no-verify", "--json")
    assert again.returncode == 0, again.stderr
    assert len(json.loads(again.stdout)["cancelled"]) == 4, "of both models at seeds 4 and 5"

    def left() -> list[int]:
        jobs = cluster.get(f"/apis/batch/v1/namespaces/{namespace}/jobs")["items"]
        return [job["status"].get("succeeded", 0) for job in jobs]

    wait_for(lambda: left() == [1] * 6)  # a deleted Job is listed until its pods are gone
