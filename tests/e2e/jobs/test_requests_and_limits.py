"""Requests and limits of a pod are as in the file, and each mistake is reported with its line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.jobs.conftest import FIRST_LINE, Render


@pytest.mark.parametrize(
    ("given", "requests", "limits"),
    [
        ("  cpu: 2\n  scratch: 3Gi\n", ("2", "8Gi", "3Gi"), ("2", "8Gi", "3Gi")),
        (
            "  cpu_limit: 1200m\n  memory: 10Gi\n  memory_limit: 12Gi\n"
            "  ephemeral_storage: 2Gi\n  ephemeral_storage_limit: 5.5Gi\n",
            ("1", "10Gi", "2Gi"),
            ("1200m", "12Gi", "5.5Gi"),
        ),
        ("  cpu_limit: none\n  memory_limit: none\n  ephemeral_storage_limit: none\n", ("1", "8Gi", "4Gi"), None),
    ],
    ids=["limits are the requests", "as given", "none"],
)
def test_limits(
    given: str, requests: tuple[str, ...], limits: tuple[str, ...] | None, container: Callable[[str], dict[str, Any]]
) -> None:
    names = ("cpu", "memory", "ephemeral-storage")
    resources = container(given)["resources"]
    assert resources["requests"] == dict(zip(names, requests, strict=True))
    assert resources["limits"] == {**dict(zip(names, limits or (), strict=bool(limits))), "nvidia.com/gpu": 1}


MISTAKES = [
    ("cpu: 2", ""),
    ("cpu_limit: 1999m", "1999m is less than the request, kubernetes.cpu, which is 2"),
    ("memory: 1Gi", ""),
    ("memory_limit: 900Mi", "900Mi is less than the request, kubernetes.memory, which is 1Gi"),
    ("scratch: 10Gi", ""),
    ("ephemeral_storage: 512m", "is not a whole number of bytes"),
    ("ephemeral_storage_limit: 9Gi", "9Gi is less than kubernetes.scratch, which is 10Gi"),
]


def test_each_mistake_has_its_line(render: Render) -> None:
    done = render("".join(f"  {line}\n" for line, _ in MISTAKES))
    assert done.returncode == 2
    for number, (line, said) in enumerate(MISTAKES, start=FIRST_LINE):
        at = f"experiment.yaml:{number}: kubernetes.{line.partition(':')[0]}: "
        assert (f"{at}{said}" in done.stderr) == bool(said), done.stderr
        assert (at in done.stderr) == bool(said), done.stderr


def test_shared_memory_counts_as_memory(render: Render) -> None:
    done = render("  memory: 1Gi\n  shm: 2Gi\n")
    assert done.returncode == 2
    assert f"experiment.yaml:{FIRST_LINE + 1}: kubernetes.shm: 2Gi is more than the memory limit of 1Gi" in done.stderr


@pytest.mark.parametrize("quantity", ["-1", "1 Gi", "1gb", "0", "1e99", "9Ei", "infinity", "1Gi\n\n"])
def test_what_is_no_quantity(quantity: str, render: Render) -> None:
    done = render(f'  memory: "{quantity}"\n'.replace("\n\n", "\\n"))
    assert done.returncode == 2
    assert f"experiment.yaml:{FIRST_LINE}: kubernetes.memory: " in done.stderr
