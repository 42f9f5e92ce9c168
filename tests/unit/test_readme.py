"""The README shows the product as it is."""

from __future__ import annotations

import re
from pathlib import Path

from gridctl.experiment import Document


def test_the_experiment_of_the_readme_is_the_demo(project_root: Path) -> None:
    text = (project_root / "README.md").read_text(encoding="utf-8")
    (shown,) = (block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "name: demo" in block)
    assert Document.parse(shown, "README").content == Document.read(project_root / "experiments/demo.yaml").content
