"""The local executor: attempts as processes of this machine."""

from gridctl.executors.local.executor import LocalExecutor

__all__ = ["LocalExecutor"]
