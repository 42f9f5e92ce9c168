"""Every descriptor is light: a laptop that only submits and reports reads it without what training needs."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

HEAVY: Final = ("torch", "cv2", "nibabel", "pydicom")
"""What only the trainer imports."""


def require_light(found_by: str) -> None:
    """See to it that looking a plugin up imports none of these.

    Args:
        found_by: Python code that does so.

    Raises:
        AssertionError: It fails, or imports one of them.
    """
    code = f"import sys\n{found_by}\nsys.exit(' '.join(name for name in {HEAVY!r} if name in sys.modules) or None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"looking it up imports, or fails with: {done.stderr}"
