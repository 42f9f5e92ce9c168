"""A stranger can survey the source tree: modules are small, and packages have few of them."""

from __future__ import annotations

import statistics
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for folder in ("orchestrator", "trainer") for path in (ROOT / folder).rglob("*.py"))


def test_no_package_has_more_modules_than_one_can_survey() -> None:
    siblings = Counter(path.parent.relative_to(ROOT) for path in MODULES if path.name != "__init__.py")
    assert {str(folder): number for folder, number in siblings.items() if number > 16} == {}


def test_modules_are_short() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {name: number for name, number in lines.items() if number > 350} == {}
    assert statistics.median(lines.values()) <= 100
