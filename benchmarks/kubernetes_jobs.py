"""Times whole commands over many Jobs against a raw HTTP client that sends the same requests to the same servers.

    export KUBECONFIG=... AWS_ENDPOINT_URL_S3=... AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... BUCKET=...
    python benchmarks/kubernetes_jobs.py [RUNS] [ROUNDS]

Each round makes a namespace, runs everything in it and deletes it. The peer is urllib3 with 16 connections in a process
that is already running. It posts the Jobs that gridctl would post while it writes the same specifications with boto3;
lists the Jobs and pods and parses them with `json`; and deletes the Jobs in one request. No node has the label that the
pods ask for, so they stay pending and nothing trains. The script prints medians of three rounds. The goals for 1,000
runs are at most 1.15 times the peer to submit and 1.1 times to cancel, at most 1.2 s to submit again, and 1 s for
`status`. `benchmarks/dry_run.py` measures dry runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import render
from gridctl.executors.kubernetes.api.connection import Connection, open_connection
from gridctl.executors.kubernetes.manifest.job_template import JobTemplate
from gridctl.experiment import Experiment, load_experiment
from gridctl_trainer.contract.layout import RunLayout
from gridctl_trainer.storage.base import Store, open_store

CONNECTIONS = 16

FILE = """\
name: benchmark
models: {{unet: {{}}, gamma_net: {{}}}}
train_ratios: {ratios}
seeds: {seeds}
data: {{train: {{dataset: acdc, path: /data/acdc}}}}
training: {{epochs: 200, device: cpu}}
backend: kubernetes
store: {store}
kubernetes:
  namespace: {namespace}
  image: nothing-is-pulled:1
  secret: gridctl-store
  gpus: 0
  cpu: 1m
  memory: 2Mi
  shm: 1Mi
  scratch: 1Mi
  node_selector: {{gridctl-benchmark: nowhere}}
"""


class Peer:
    """A raw HTTP client of one namespace."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.server = connection.server
        self.namespace = connection.namespace
        self.jobs = f"/apis/batch/v1/namespaces/{connection.namespace}/jobs"
        self.pods = f"/api/v1/namespaces/{connection.namespace}/pods"

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        headers = self._connection.headers() | {"Content-Type": "application/json"}
        data = json.dumps(body) if body is not None else None
        answer = self._connection.pool.request(
            method, self._connection.server + path, body=data, headers=headers, timeout=600
        )
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.data[:300]!r}")
        return answer.data

    def create(self, experiment: Experiment, jobs: list[dict[str, Any]], store: Store) -> None:
        with ThreadPoolExecutor(CONNECTIONS) as puts, ThreadPoolExecutor(CONNECTIONS) as posts:
            specs = [
                puts.submit(store.put, RunLayout(run.experiment, run.run_id).spec, run.to_json())
                for run in experiment.runs
            ]
            made = [posts.submit(self.ask, "POST", self.jobs, job) for job in jobs]
            futures: list[Future[Any]] = [*specs, *made]
            for future in futures:
                future.result()

    def listed(self, path: str) -> list[Any]:
        return list(json.loads(self.ask("GET", path))["items"])

    def delete(self) -> None:
        self.ask("DELETE", f"{self.jobs}?propagationPolicy=Background")

    def settle(self, number: int) -> None:
        """Wait until the controller has made this number of pods, or deleted all of them and the Jobs."""
        while len(self.listed(self.pods)) != number or (not number and self.listed(self.jobs)):
            time.sleep(1)


@contextlib.contextmanager
def namespace() -> Iterator[Peer]:
    """Make a namespace with a Secret for the store, and delete it afterwards."""
    name = f"benchmark-{uuid.uuid4().hex[:8]}"
    peer = Peer(open_connection(None, name, CONNECTIONS + 2))
    peer.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    try:
        secret = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        body = {"metadata": {"name": "gridctl-store"}, "stringData": secret}
        peer.ask("POST", f"/api/v1/namespaces/{name}/secrets", body)
        yield peer
    finally:
        peer.ask("DELETE", f"/api/v1/namespaces/{name}")


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Measure the time by the clock, and the processor time of this process and those that it started."""
    started, before = time.perf_counter(), os.times()
    work()
    return time.perf_counter() - started, sum(os.times()[:4]) - sum(before[:4])


def written(path: Path, runs: int, store: Store, peer: Peer) -> Experiment:
    """The experiment, as a file."""
    ratios, seeds = render.axes(runs)
    path.write_text(FILE.format(ratios=ratios, seeds=seeds, store=store.url, namespace=peer.namespace))
    return load_experiment(path)


def gridctl(folder: Path, *arguments: str) -> None:
    """Run a command in the folder of the experiment, with compiled modules, as where it is installed."""
    subprocess.run(
        [sys.executable, "-c", "from gridctl_start import gridctl; gridctl()", *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def one_round(runs: int, taken: Mapping[str, list[tuple[float, float]]]) -> None:
    store = open_store(f"s3://{os.environ['BUCKET']}/benchmarks/{uuid.uuid4().hex}")
    with namespace() as peer, tempfile.TemporaryDirectory() as folder:
        experiment = written(Path(folder) / "benchmark.yaml", runs, store, peer)
        template = JobTemplate(experiment, store.url)
        jobs = [template.job(run) for run in experiment.runs]

        def measure(name: str, work: Callable[[], object]) -> None:
            taken[name].append(seconds(work))
            sys.stderr.write(f"{name}: {taken[name][-1][0]:.2f} s, {taken[name][-1][1]:.2f} s of processor time\n")

        try:
            measure("raw create", lambda: peer.create(experiment, jobs, open_store(f"{store.url}/peer")))
            peer.settle(runs)
            measure("raw status", lambda: (peer.listed(peer.jobs), peer.listed(peer.pods)))
            measure("raw cancel", peer.delete)
            peer.settle(0)
            measure("gridctl submit", lambda: gridctl(Path(folder), "submit", "benchmark.yaml"))
            peer.settle(runs)
            measure("gridctl submit again", lambda: gridctl(Path(folder), "submit", "benchmark.yaml"))
            measure("gridctl status", lambda: gridctl(Path(folder), "status"))
            measure("gridctl cancel", lambda: gridctl(Path(folder), "cancel"))
            peer.settle(0)
        finally:
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                list(pool.map(lambda stat: store.delete(stat.key), list(store.list())))


def main() -> None:
    runs, rounds = (int(given) for given in (*sys.argv[1:], *("1000", "3")[len(sys.argv) - 1 :]))
    taken: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for _ in range(rounds):
        one_round(runs, taken)
    medians = {name: statistics.median(clock for clock, _ in values) for name, values in taken.items()}
    processor = {name: statistics.median(busy for _, busy in values) for name, values in taken.items()}
    peers = {"submit": "raw create", "status": "raw status", "cancel": "raw cancel"}
    sys.stdout.write(f"{runs} runs, medians of {rounds}\n")
    for name, value in medians.items():
        peer = peers.get(name.removeprefix("gridctl "))
        ratio = f"   {value / medians[peer]:.2f} times the peer" if peer else ""
        sys.stdout.write(f"{name:<22}{value:6.2f} s, {processor[name]:6.2f} s of processor time{ratio}\n")


if __name__ == "__main__":
    main()
