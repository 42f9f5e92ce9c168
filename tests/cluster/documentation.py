"""Extracts the commands of a document in the order in which a reader would type them."""

from __future__ import annotations

import re
from pathlib import Path


def commands_of(path: Path) -> list[str]:
    """Lines of code, which are indented by four spaces, with continued lines joined."""
    lines = [line[4:] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("    ")]
    return re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()


def files_of(path: Path) -> list[str]:
    """The content of YAML code fences."""
    return re.findall(r"^```yaml\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
