"""Fixtures for short commands in a test's folder."""

from __future__ import annotations

from tests.e2e.short_commands import gridctl, trainer

__all__ = ["gridctl", "trainer"]
