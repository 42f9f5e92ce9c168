"""The number of concurrent runs follows the quotas of control groups, not the number of cores of the machine."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.e2e.local.conftest import Command, experiment_of

VERSION_1 = Path("/sys/fs/cgroup/cpu")
VERSION_2 = Path("/sys/fs/cgroup")

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs Linux and two cores"
)


def at_once(command: Command, tmp_path: Path, phantom: Path, wrapper: Sequence[str]) -> int:
    experiment_of(tmp_path, phantom, seeds=range(64))
    done = command("gridctl", "submit", "tiny.yaml", "--dry-run", "--json", wrapper=wrapper)
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout)["estimate"]["at_once"])


@contextlib.contextmanager
def group_with_quota(quota: str) -> Iterator[Path]:
    """A control group within a group that has a quota, of whichever version limits CPUs here."""
    first = (VERSION_1 if (VERSION_1 / "cpu.cfs_quota_us").exists() else VERSION_2) / f"gridctl-{uuid.uuid4().hex[:8]}"
    try:
        (first / "inner").mkdir(parents=True)
    except OSError as error:
        pytest.skip(f"no control group can be made here ({error.strerror}): run the tests as root of a machine")
    try:
        limit = first / ("cpu.cfs_quota_us" if first.parent == VERSION_1 else "cpu.max")
        try:
            limit.write_text(quota)
        except OSError as error:
            pytest.skip(f"no quota of CPUs can be set here ({error.strerror}): run the tests as root of a machine")
        yield first / "inner"
    finally:
        (first / "inner").rmdir()
        first.rmdir()


def test_a_quota_of_the_kernel(tmp_path: Path, phantom: Path, command: Command) -> None:
    with group_with_quota("100000") as group:
        joined = f'echo $$ > {shlex.quote(str(group))}/cgroup.procs && exec "$@"'
        assert at_once(command, tmp_path, phantom, ["sh", "-c", joined, "sh"]) == 1


HIERARCHIES = {
    "version 2, nested": ("0::/slice/job", "/ {top} rw - cgroup2 cgroup2 rw", {"slice/cpu.max": "190000 100000"}, 1),
    "version 2, a container": ("0::/", "/ {top} rw - cgroup2 cgroup2 rw", {"cpu.max": "max 100000"}, None),
    "version 1, the container's group mounted": (
        "4:memory:/docker/x\n2:cpu,cpuacct:/docker/x",
        "/docker/x {top} rw - cgroup cgroup rw,cpu,cpuacct",
        {"cpu.cfs_quota_us": "50000", "cpu.cfs_period_us": "100000"},
        1,
    ),
    "version 1, no limit": (
        "2:cpu,cpuacct:/",
        "/ {top} rw - cgroup cgroup rw,cpu,cpuacct",
        {"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"},
        None,
    ),
}


@pytest.mark.parametrize("name", HIERARCHIES)
def test_hierarchies_of_other_machines(name: str, tmp_path: Path, phantom: Path, command: Command) -> None:
    """For one process, files that describe the groups are mounted over those in /proc."""
    groups, mount, files, expected = HIERARCHIES[name]
    top = tmp_path / "cgroup"
    for path, content in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(f"{content}\n")
    (top / "slice" / "job").mkdir(parents=True, exist_ok=True)
    (tmp_path / "groups").write_text(f"{groups}\n")
    (tmp_path / "mounts").write_text(f"31 24 0:28 {mount.format(top=top)}\n")
    bound = "mount --bind groups /proc/$$/cgroup && mount --bind mounts /proc/$$/mountinfo"
    wrapper = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*wrapper, bound], cwd=tmp_path, capture_output=True, check=False).returncode:
        pytest.skip("no file can be mounted in a namespace here: allow unprivileged user namespaces, or be root")
    found = at_once(command, tmp_path, phantom, [*wrapper, f'{bound} && exec "$@"', "sh"])
    assert found == (expected or min(64, len(os.sched_getaffinity(0))))
