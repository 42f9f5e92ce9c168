"""`status --watch` of a thousand runs for ten minutes: it stays small, and survives whatever happens to the API server.

`GRIDCTL_TEST_WATCH_SECONDS` and `GRIDCTL_TEST_WATCH_RUNS` make it shorter.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from gridctl.experiment import Experiment
from tests.cluster.commands import Gridctl
from tests.cluster.conftest import PARTS, Cluster, backend
from tests.cluster.kubeconfig import faulty_door
from tests.cluster.test_credentials import account
from tests.faulty_proxy import Answer, Fault, FaultyProxy, Request, Reset
from tests.waiting import wait_for

SECONDS = float(os.environ.get("GRIDCTL_TEST_WATCH_SECONDS", "600"))
RUNS = int(os.environ.get("GRIDCTL_TEST_WATCH_RUNS", "1000"))
SMALL = ["cpu=1m", "memory=2Mi", "scratch=1Mi", "shm=1Mi", "node_selector={nowhere: here}"]
"""Pods that no node takes: they stay pending, and the machine is left to the watch."""
MOST_OF_A_CORE = 0.05
MOST_GROWTH_MIB = 12.0


class Watched:
    """A `status --watch --json`, what it said last, and what it takes."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
        )
        self.last: dict[str, Any] = {}
        self.problems: list[str] = []
        assert self.process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                self.last = json.loads(line)
                if (problem := self.last["problem"]) and problem not in self.problems[-1:]:
                    self.problems.append(problem)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()
        self._reader.join()

    def says(self, words: str) -> Callable[[], bool]:
        return lambda: bool(self.last) and words in self.last["problem"]

    def is_well(self) -> bool:
        assert self.process.poll() is None
        return bool(self.last) and not self.last["problem"]

    def active(self) -> int:
        return int(self.last["totals"]["queued"]) + int(self.last["totals"]["running"])

    def processor_seconds(self) -> float:
        times = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def asked(door: FaultyProxy) -> Counter[str]:
    """How often Jobs and pods were listed from the beginning."""
    found: Counter[str] = Counter()
    for request in door.requests:
        url = urlsplit(request.path)
        query, kind = parse_qs(url.query), url.path.rpartition("/")[2]
        if kind in ("jobs", "pods") and "watch" not in query and "continue" not in query:
            found[kind] += 1
    return found


def first_watches(answer: Fault) -> Callable[[Request], Fault | None]:
    """The next watch of each kind is answered like this, and then no other."""
    left = {"jobs", "pods"}

    def rule(request: Request) -> Fault | None:
        kind = urlsplit(request.path).path.rpartition("/")[2]
        if "watch=" not in request.path or kind not in left:
            return None
        left.discard(kind)
        return answer

    return rule


def sign_in(kubeconfig: Path, token: str) -> None:
    content = yaml.safe_load(kubeconfig.read_text())
    content["users"][0]["user"] = {"token": token}
    kubeconfig.write_text(yaml.safe_dump(content))


def outage(door: FaultyProxy, seen: Callable[[], object]) -> None:
    """Kill the API server until that is seen, and start it; without one of our own, the network fails."""
    if PARTS:
        subprocess.run([*PARTS.split(), "stop", "kube-apiserver"], check=True)
        try:
            wait_for(seen)
        finally:
            subprocess.run([*PARTS.split(), "start", "kube-apiserver"], check=True)
        return
    door.rule = lambda _: Reset()
    door.cut()
    wait_for(seen)
    door.rule = lambda _: None


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 3600)
def test_a_long_watch_of_many_runs(
    cluster: Cluster, gridctl: Gridctl, experiment: Callable[..., Experiment], namespace: str, tmp_path: Path
) -> None:
    assignments = [*(f"kubernetes.{given}" for given in SMALL), f"seeds={list(range(RUNS // 2))}"]
    made = experiment(*assignments)
    (tmp_path / "experiment.yaml").write_text(made.document.to_yaml())
    assert gridctl("submit", "experiment.yaml").returncode == 0
    old, new = account(cluster, namespace, "old"), account(cluster, namespace, "new")
    with faulty_door(tmp_path) as (door, through):
        kubeconfig = Path(through["KUBECONFIG"])
        sign_in(kubeconfig, old)
        watched = Watched(gridctl.command("status", "--watch", "--json"), tmp_path, through)
        try:
            wait_for(lambda: watched.is_well() and watched.active() == len(made.runs), 600)
            time.sleep(SECONDS / 10)

            began, processor, memory = time.monotonic(), watched.processor_seconds(), watched.memory_mib()
            time.sleep(SECONDS * 0.6)
            share = (watched.processor_seconds() - processor) / (time.monotonic() - began)
            assert share < MOST_OF_A_CORE, f"{share:.1%} of a core"
            assert asked(door) == {"jobs": 1, "pods": 1}, "a watch that the server ends after a while goes on"

            outage(door, watched.says("cannot reach the API server"))
            wait_for(watched.is_well, 300)
            backend(made).cancel([made.runs[0].run_id])
            wait_for(lambda: watched.active() == len(made.runs) - 1, 300)

            cluster.delete(f"/api/v1/namespaces/{namespace}/serviceaccounts/old")
            time.sleep(11)  # an API server knows a token for ten seconds
            door.cut()
            wait_for(watched.says("does not accept the credentials"), 300)
            sign_in(kubeconfig, new)
            wait_for(watched.is_well, 300)

            hurt = len(door.hurt)
            door.rule = first_watches(Answer(410, {}, b'{"reason": "Expired", "message": "too old"}'))
            door.cut()
            wait_for(lambda: len(door.hurt) == hurt + 2, 300)
            backend(made).cancel([made.runs[1].run_id])
            wait_for(lambda: watched.active() == len(made.runs) - 2, 300)

            time.sleep(SECONDS / 10)
            assert watched.is_well()
            grown = watched.memory_mib() - memory
            assert grown < MOST_GROWTH_MIB, f"grew by {grown:.0f} MiB from {memory:.0f}"
            assert len(watched.problems) >= 2, watched.problems
            print(f"{share:.1%} of a core, {memory:.0f} MiB, grew by {grown:.1f} MiB, listed {dict(asked(door))}")
        finally:
            watched.end()
            backend(made).cancel()
