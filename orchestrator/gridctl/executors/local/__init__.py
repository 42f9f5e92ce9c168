"""Attempts as processes of this machine."""

from gridctl.executors.local.executor import LocalBackend

__all__ = ["LocalBackend"]
