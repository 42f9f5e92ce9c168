"""The commands of a document, as somebody would type them from its first line to its last."""

from __future__ import annotations

import re
from pathlib import Path


def commands_of(path: Path) -> list[str]:
    """Lines that are set as code by four spaces, joined where they go on."""
    lines = [line[4:] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("    ")]
    return re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()


def files_of(path: Path) -> list[str]:
    """What is fenced as YAML."""
    return re.findall(r"^```yaml\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
