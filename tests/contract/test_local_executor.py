"""The built-in executor of this machine keeps what every executor promises."""

from __future__ import annotations

from gridctl.testing.executors import ExecutorContract


class TestLocalExecutor(ExecutorContract):
    executor = "local"
