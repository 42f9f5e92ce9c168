"""Only the default of the specification and a study know preprocessing steps of gridctl by name."""

from __future__ import annotations

import ast
from pathlib import Path

from gridctl_trainer.plugins.step import STEPS

ROOT = Path(__file__).parents[3]
OWN = [name for name in STEPS.names() if STEPS.is_built_in(name)]
KNOW_THEM = (
    "trainer/gridctl_trainer/contract/spec/preprocessing.py",  # the default
    "trainer/gridctl_trainer/contract/released/",
    "orchestrator/gridctl/experiment/released/",
    "orchestrator/gridctl/studies/",
)


def named_in(text: str) -> set[str]:
    """Names of steps among the strings of a program, except within sentences."""
    constants = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
    return {value for value in constants if value in OWN}


def test_steps_are_known_by_their_registration_alone() -> None:
    assert set(OWN) == {"gaussian", "clahe", "minmax", "resize"}
    assert named_in("if step == 'clahe': pass") == {"clahe"}
    found = {}
    for folder in ("orchestrator/gridctl", "trainer/gridctl_trainer"):
        for path in (ROOT / folder).rglob("*.py"):
            relative = path.relative_to(ROOT).as_posix()
            if not relative.startswith(KNOW_THEM) and (names := named_in(path.read_text())):
                found[relative] = names
    assert not found
