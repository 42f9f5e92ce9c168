"""Faults of a real cluster, with fixed seeds, neither lose nor repeat epochs of real trainers, nor change weights."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from gridctl.executors.kubernetes.api.refusals import RefusedError
from gridctl.experiment import load_experiment
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.base import Store
from tests.cluster.commands import Gridctl
from tests.cluster.conftest import PARTS, Cluster
from tests.cluster.test_training import epochs_done, phantom, trainer_process  # noqa: F401
from tests.e2e.faults.counted import SURVIVED
from tests.e2e.faults.promises import Undisturbed, assert_finished, assert_promises
from tests.e2e.faults.undisturbed import undisturbed_run
from tests.waiting import wait_for

OPTIONS = ["models={unet: {channels: [2, 4], batch_size: 4}}"]
OPTIONS += ["training.checkpoint_every_epochs=2", "kubernetes.retries=100", "kubernetes.grace_seconds=30"]


@dataclass
class Cell:
    """One run and its pod."""

    cluster: Cluster
    namespace: str
    store: Store
    run: RunSpec
    seen: int = 0

    @property
    def pods(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"

    def pod(self) -> str | None:
        """The running pod, if there is one."""
        found = self.cluster.get(self.pods, labelSelector=f"job-name={self.run.run_id}")["items"]
        here = [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]
        running = [pod for pod in here if pod["status"].get("phase") == "Running"]
        return str(running[0]["metadata"]["name"]) if running else None

    def progressed(self) -> bool:
        """Whether the run has progressed since the last fault and has a pod for the next one."""
        done = epochs_done(self.store, self.run)
        return self.seen < done < self.run.training.epochs and self.pod() is not None


def delete(cell: Cell) -> None:
    cell.cluster.delete(f"{cell.pods}/{cell.pod()}")


def delete_at_once(cell: Cell) -> None:
    """Delete the pod without a grace period, as if its node were lost."""
    cell.cluster.delete(f"{cell.pods}/{cell.pod()}", gracePeriodSeconds="0")


def evict(cell: Cell) -> None:
    name = cell.pod()
    if name:
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
        cell.cluster.create(f"{cell.pods}/{name}/eviction", eviction)


def sigkill(cell: Cell) -> None:
    with trainer_process(cell.run) as pid:
        os.kill(pid, signal.SIGKILL)


def drain(cell: Cell) -> None:
    """Drain the node of this test's pods, and then let it accept pods again."""
    nodes = cell.cluster.get("/api/v1/nodes", labelSelector="type!=simulated")["items"]
    node = nodes[0]["metadata"]["name"]
    cell.cluster.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}})
    try:
        evict(cell)
        time.sleep(2)
    finally:
        cell.cluster.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": None}})


@contextlib.contextmanager
def stopped(part: str) -> Iterator[None]:
    if not PARTS:
        pytest.skip("GRIDCTL_TEST_CLUSTER_PARTS names no command that stops parts of the cluster")
    subprocess.run([*PARTS.split(), "stop", part], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run([*PARTS.split(), "start", part], check=True, capture_output=True)


def kubelet_stop(cell: Cell) -> None:
    """Stop and restart the kubelet; the trainer may end unobserved in between."""
    with stopped("kubelet"):
        with contextlib.suppress(OSError), trainer_process(cell.run) as pid:
            os.kill(pid, signal.SIGKILL)
        time.sleep(3)


def api_server_restart(cell: Cell) -> None:
    """Stop the API server for a while, which trainers do not need."""
    with stopped("kube-apiserver"):
        time.sleep(2)

    def answers() -> bool:
        with contextlib.suppress(Exception):
            return bool(cell.cluster.get("/version"))
        return False

    wait_for(answers, 60)


Act = Callable[[Cell], None]
FEW: list[Act] = [delete, sigkill, drain, delete_at_once]
MANY: list[Act] = [delete] * 8 + [delete_at_once] * 5 + [evict] * 5 + [sigkill] * 5 + [drain] * 5
MANY += [kubelet_stop] * 3 + [api_server_restart] * 3


@dataclass
class Grid:
    """Runs of one experiment that differ only in their seeds."""

    cells: list[Cell]
    expected: dict[str, Undisturbed]
    counted: Counter[str] = field(default_factory=Counter)

    def hurt(self, acts: list[Act], chance: Random) -> None:
        """Apply each fault to a run that has progressed since its last one; afterwards, all promises hold."""
        for act in acts:
            cell = wait_for(lambda: next(iter(self._ready(chance)), None), 180)
            time.sleep(chance.uniform(0, 0.5))
            cell.seen = epochs_done(cell.store, cell.run)
            with contextlib.suppress(RefusedError):  # the pod may have ended by itself
                act(cell)
            assert_promises(cell.store, cell.run, self.expected[cell.run.run_id])
            self.counted[f"cluster: {act.__name__}"] += 1
            with Path(os.environ.get("GRIDCTL_FAULTS_LOG", os.devnull)).open("a") as file:
                file.write(f"{time.strftime('%H:%M:%S')} {act.__name__} {cell.run.run_id} epoch {cell.seen}\n")

    def _ready(self, chance: Random) -> list[Cell]:
        cells = chance.sample(self.cells, len(self.cells))
        return [cell for cell in cells if cell.progressed()]


@pytest.mark.timeout(2400)
@pytest.mark.parametrize(
    ("acts", "seeds", "epochs", "size_px"),
    [
        pytest.param(FEW, 2, 40, 16, id="few"),
        # There must be enough work to outlast the faults, as they cannot hit a finished run.
        pytest.param(MANY, 6, 160, 32, id="many", marks=pytest.mark.slow),
    ],
)
def test_runs_survive(
    acts: list[Act],
    seeds: int,
    epochs: int,
    size_px: int,
    cluster: Cluster,
    gridctl: Gridctl,
    store: Store,
    phantom: Path,  # noqa: F811
    tmp_path: Path,
    namespace: str,
) -> None:
    chance = Random(f"cluster {len(acts)}")
    acts = [act for act in acts if PARTS or act not in (kubelet_stop, api_server_restart)]
    options = [*OPTIONS, f"seeds={list(range(1, seeds + 1))}", f"training.epochs={epochs}"]
    local = [*options, f"data={{train: {{dataset: acdc, path: {phantom}/acdc}}, size_px: {size_px}}}"]
    here = load_experiment(tmp_path / "experiment.yaml", local).runs
    options.append(f"data={{train: {{dataset: acdc, path: /data/acdc}}, size_px: {size_px}}}")
    runs = load_experiment(tmp_path / "experiment.yaml", options).runs
    expected = {run.run_id: undisturbed_run(twin, tmp_path / twin.run_id) for run, twin in zip(runs, here, strict=True)}
    grid = Grid([Cell(cluster, namespace, store, run) for run in runs], expected)
    assert gridctl("submit", "experiment.yaml", *[w for o in options for w in ("--set", o)]).returncode == 0
    grid.hurt(chance.sample(acts, len(acts)), chance)
    wait_for(lambda: gridctl.totals()["done"] == len(runs), 600)
    for run in runs:
        assert_finished(store, run, expected[run.run_id])
    SURVIVED.update(grid.counted)
