"""Many files and specifications are tried, so commands are short."""

from __future__ import annotations

from tests.e2e.short_commands import Command, forked_gridctl, forked_trainer, gridctl, trainer

__all__ = ["Command", "forked_gridctl", "forked_trainer", "gridctl", "trainer"]
