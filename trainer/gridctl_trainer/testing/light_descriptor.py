"""Checks that a descriptor is light, so that a laptop that only submits and reports can read it."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

HEAVY: Final = ("torch", "cv2", "nibabel", "pydicom")
"""Libraries that only the trainer imports."""


def require_light(found_by: str) -> None:
    """Check that looking up a plugin imports none of the trainer's libraries.

    Args:
        found_by: Python code that looks up the plugin.

    Raises:
        AssertionError: The code fails, or imports one of the libraries.
    """
    code = f"import sys\n{found_by}\nsys.exit(' '.join(name for name in {HEAVY!r} if name in sys.modules) or None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"looking it up fails, or imports: {done.stderr}"
