"""Attempts as processes of this machine."""

from orchestrator.backends.local.backend import LocalBackend

__all__ = ["LocalBackend"]
