"""What each command takes of a grid of 100, 1,000 or 10,000 runs on simulated nodes: time, memory and requests.

    export KUBECONFIG=... AWS_ENDPOINT_URL_S3=... AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... BUCKET=...
    python -m benchmarks.growth [RUNS ...]

The pods need nodes with the label and the taint `simulated`, such as kwok plays them; they run until they are deleted,
and log nothing. Prints a row of a table for each command as soon as it is measured: the time by the clock, of processor
time, the largest memory, and how many requests it sent to the API server and to S3. `raw status` and `raw cancel` are a
process that lists the Jobs and pods, in pages of 500, and parses them with `json`, or deletes the Jobs in one request;
the ratio to them is printed at the end. The goals are 1.2 for the status of 10,000 runs, in 300 MiB, and 1.1 to cancel.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.kubernetes_jobs import CONNECTIONS, Peer, namespace
from gridctl.executors.kubernetes.api.connection import open_connection
from gridctl_trainer.storage.base import open_store

FILE = """\
name: growth
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
  template: job.yaml.j2
  gpus: 0
  cpu: 1m
  memory: 2Mi
  shm: 1Mi
  scratch: 1Mi
  node_selector: {{type: simulated}}
  tolerations: [{{key: simulated}}]
"""

COMMAND = """
import atexit, json, os, resource, sys, time
from urllib3.connectionpool import HTTPConnectionPool
sent, plain, began = {}, HTTPConnectionPool.urlopen, time.perf_counter()
def counting(self, *given, **named):
    sent[self.host] = sent.get(self.host, 0) + 1
    return plain(self, *given, **named)
HTTPConnectionPool.urlopen = counting
def told():
    used = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = used.ru_utime + used.ru_stime + children.ru_utime + children.ru_stime
    with open("/proc/self/status") as status:  # ru_maxrss counts that of whoever started this process
        peak_kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    with open(os.environ["TOLD"], "w") as file:
        json.dump([time.perf_counter() - began, busy, peak_kib / 1024, sent], file)
atexit.register(told)
"""
"""Run at the beginning of a process, which then says what it took."""

GRIDCTL = "sys.argv[0] = 'gridctl'\nfrom gridctl.cli.main import main\nmain()"

PEER = """
from gridctl.executors.kubernetes.api.connection import open_connection
connection = open_connection(None, sys.argv[1], 1)
def ask(method, path):
    return json.loads(connection.pool.request(
        method, connection.server + path, headers=connection.headers(), timeout=3600, retries=False).data)
jobs = f"/apis/batch/v1/namespaces/{sys.argv[1]}/jobs"
pods = f"/api/v1/namespaces/{sys.argv[1]}/pods"
if sys.argv[2] == "cancel":
    while ask("DELETE", jobs + "?propagationPolicy=Background").get("code") == 504:
        pass
else:
    for path in (jobs, pods):
        going_on, items = "", []
        while True:
            page = ask("GET", f"{path}?limit=500{going_on}")
            items += page["items"]
            if not (token := page["metadata"].get("continue")):
                break
            going_on = f"&continue={token}"
"""


def show(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def measured(runs: int, name: str, code: str, arguments: list[str], folder: Path, api_server: str) -> float:
    told = folder / f"told-{uuid.uuid4().hex}"
    done = subprocess.run(
        [sys.executable, "-c", COMMAND + code, *arguments],
        cwd=folder,
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TOLD": str(told), "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": ""},
    )
    seconds, busy, peak_mib, sent = json.loads(told.read_text())
    to_server = sent.pop(api_server, 0)
    failed = "" if done.returncode == 0 else f" exit code {done.returncode}: {done.stderr[-300:]!r}"
    show(
        f"| {runs:,} | {name} | {seconds:.2f} s | {busy:.2f} s | {peak_mib:.0f} MiB | {to_server:,} | "
        f"{sum(sent.values()):,} |{failed}"
    )
    return float(seconds)


def template() -> str:
    """The built-in one, with an annotation that says how long simulated pods last."""
    text = (Path(__file__).parents[1] / "k8s" / "templates" / "job.yaml.j2").read_text()
    before, found, after = text.partition("      annotations: {{ annotations | tojson }}\n")
    assert found
    return f'{before}      annotations: {{{{ dict(annotations, **{{"simulate/lasts": "100h"}}) | tojson }}}}\n{after}'


def grow(runs: int) -> None:
    store = open_store(f"s3://{os.environ['BUCKET']}/benchmarks/{uuid.uuid4().hex}")
    with namespace() as peer, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        space = peer.jobs.split("/")[5]
        ratios = [round(0.05 * (1 + number), 2) for number in range(10)] if runs >= 1000 else [0.5]
        seeds = list(range(runs // 2 // len(ratios)))
        (folder / "growth.yaml").write_text(FILE.format(ratios=ratios, seeds=seeds, store=store.url, namespace=space))
        (folder / "job.yaml.j2").write_text(template())
        host = urlsplit(open_connection(None, None, 1).server).hostname or ""

        taken: dict[str, float] = {}

        def gridctl(title: str, *words: str) -> None:
            taken[title] = measured(runs, title, GRIDCTL, list(words), folder, host)

        try:
            gridctl("dry run", "submit", "growth.yaml", "--dry-run")
            gridctl("submit", "submit", "growth.yaml")
            wait_until_all_run(peer, runs)
            gridctl("submit again", "submit", "growth.yaml")
            taken["raw status"] = measured(runs, "raw status", PEER, [space, "status"], folder, host)
            gridctl("status", "status")
            gridctl("list", "list")
            gridctl("cancel", "cancel")
            wait_until_all_run(peer, 0)
            gridctl("submit after that", "submit", "growth.yaml")
            wait_until_all_run(peer, runs)
            taken["raw cancel"] = measured(runs, "raw cancel", PEER, [space, "cancel"], folder, host)
            gridctl("delete", "delete", "growth", "--yes")
            ratios_to_raw = (f"{name} {taken[name] / taken[f'raw {name}']:.2f}" for name in ("status", "cancel"))
            sys.stderr.write(f"{runs:,} runs, times the raw client: {', '.join(ratios_to_raw)}\n")
        finally:
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                list(pool.map(lambda stat: store.delete(stat.key), list(store.list())))


def wait_until_all_run(peer: Peer, number: int) -> None:
    """Until so many pods run, or there is none."""
    path = f"{peer.pods}?fieldSelector=status.phase%3DRunning" if number else f"{peer.pods}?limit=1"
    while len(peer.listed(path)) != number:
        time.sleep(3)


def main() -> None:
    show("| runs | command | time | processor | memory | to the API server | to S3 |\n|---|---|---|---|---|---|---|")
    for runs in map(int, sys.argv[1:] or ("100", "1000", "10000")):
        grow(runs)


if __name__ == "__main__":
    main()
