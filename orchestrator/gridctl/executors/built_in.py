"""The executors that gridctl itself registers as entry points."""

from __future__ import annotations

from typing import Final

from gridctl.executors.descriptor import ExecutorDescriptor

LOCAL: Final = ExecutorDescriptor(
    summary="processes of this machine",
    build="gridctl.executors.local:LocalExecutor",
    on_this_machine=True,
    at_once="--workers",
)

KUBERNETES: Final = ExecutorDescriptor(
    summary="a Job of a Kubernetes cluster for each run",
    build="gridctl.executors.kubernetes:KubernetesExecutor",
    hands_over="Job",
    at_once="--max-active",
)
