from __future__ import annotations

from tests.documented.trained_folder import trained, trained_once
from tests.e2e.short_commands import gridctl, trainer

__all__ = ["gridctl", "trained", "trained_once", "trainer"]
