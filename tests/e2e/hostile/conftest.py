"""Many files and specifications are tried, so commands are short."""

from __future__ import annotations

from tests.e2e.short_commands import Command, gridctl, trainer

__all__ = ["Command", "gridctl", "trainer"]
