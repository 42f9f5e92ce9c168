"""Fixtures for many short commands, as many files and specifications are tried."""

from __future__ import annotations

from tests.e2e.short_commands import Command, gridctl, trainer

__all__ = ["Command", "gridctl", "trainer"]
