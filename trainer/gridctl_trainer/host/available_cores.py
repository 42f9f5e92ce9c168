"""Counts the cores that this process may use, including quotas of control groups, which Python ignores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

_CGROUP_OF_THIS_PROCESS: Final = Path("/proc/self/cgroup")
_MOUNTS: Final = Path("/proc/self/mountinfo")


def available_cores() -> int:
    """Number of cores that this process can keep busy, at least one.

    This respects the CPU affinity and the quotas of the control group and of every group around it, as for a container
    with `cpus: 2` on a machine with 64 cores, a batch job or a systemd slice. Fractions of a core do not count.

    Source: Linux, Documentation/admin-guide/cgroup-v2.rst (cpu.max) and scheduler/sched-bwc.rst (cpu.cfs_quota_us).
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([float(cores), *_quotas()])))


def _quotas() -> Iterator[float]:
    """Number of CPUs that each control group around this process may use."""
    for folder, top in _groups():
        for group in (folder, *folder.parents):
            quota = _quota(group)
            if quota is not None:
                yield quota
            if group == top:
                break


def _quota(group: Path) -> float | None:
    try:
        if (group / "cpu.max").exists():
            quota, _, period = (group / "cpu.max").read_text(encoding="ascii").strip().partition(" ")
        else:
            quota = (group / "cpu.cfs_quota_us").read_text(encoding="ascii")
            period = (group / "cpu.cfs_period_us").read_text(encoding="ascii")
        cpus = float(quota) / float(period or 100_000)
    except (OSError, ValueError, ZeroDivisionError):  # no limit (`max`), or another controller's hierarchy
        return None
    return cpus if cpus > 0 else None  # in version 1, -1 means no limit


def _groups() -> Iterator[tuple[Path, Path]]:
    """The folder of this process's group in each mounted hierarchy that limits CPUs, and the top of the hierarchy."""
    paths = _paths()
    for line in _lines(_MOUNTS):
        # 31 24 0:28 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro,nosuid shared:11 - cgroup cgroup rw,cpu,cpuacct
        before, _, after = line.partition(" - ")
        fields, (kind, _, *options) = before.split(), (*after.split(), "", "")[:3]
        if kind == "cgroup2":
            path = paths.get("")
        elif kind == "cgroup" and "cpu" in ",".join(options).split(","):
            path = paths.get("cpu")
        else:
            continue
        if path is None or len(fields) < 5:
            continue
        root, top = PurePosixPath(_unescaped(fields[3])), Path(_unescaped(fields[4]))
        below = path.relative_to(root) if path.is_relative_to(root) and ".." not in path.parts else PurePosixPath()
        yield top / below, top


def _paths() -> dict[str, PurePosixPath]:
    """This process's group for each controller; the key is empty for version 2."""
    found = {}
    for line in _lines(_CGROUP_OF_THIS_PROCESS):
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        found.update({controller: PurePosixPath(path) for controller in controllers.split(",")})
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:  # not Linux
        return []


def _unescaped(text: str) -> str:
    """Undo the octal escapes with which mountinfo writes blanks and backslashes."""
    for code, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, sign)
    return text
