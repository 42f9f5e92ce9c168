"""The built-in executor of this machine keeps the promises of every executor."""

from __future__ import annotations

from gridctl.testing.executors import ExecutorContract


class TestLocalExecutor(ExecutorContract):
    executor = "local"
