"""Fixtures for short commands, as states are queried repeatedly; commands that train are real processes."""

from __future__ import annotations

from tests.e2e.short_commands import Command, gridctl

__all__ = ["Command", "gridctl"]
