"""States are asked for again and again, so commands are short; those that train are real processes beside them."""

from __future__ import annotations

from tests.e2e.short_commands import Command, gridctl

__all__ = ["Command", "gridctl"]
