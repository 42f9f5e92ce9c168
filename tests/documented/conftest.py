from __future__ import annotations

from tests.documented.trained_folder import trained, trained_once
from tests.e2e.short_commands import forked_gridctl, forked_trainer, gridctl, trainer

__all__ = ["forked_gridctl", "forked_trainer", "gridctl", "trained", "trained_once", "trainer"]
