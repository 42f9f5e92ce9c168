"""Only a metric's own module, its registration, the default and a study know a metric of gridctl by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridctl_trainer.contract.records.run_result import PatientFunction
from gridctl_trainer.plugins.metric import METRICS

ROOT = Path(__file__).parents[3]
OWN = [name for name in METRICS.names() if METRICS.is_built_in(name)]
EXEMPT = (
    *(f"trainer/gridctl_trainer/metrics/{name}.py" for name in OWN),
    "trainer/gridctl_trainer/contract/released/",
    "trainer/gridctl_trainer/contract/spec/training/loss.py",  # some losses have the same names as scores
    "trainer/gridctl_trainer/training/objective.py",
    "orchestrator/gridctl/studies/",
    "orchestrator/gridctl/report/renderers/scorecard_columns.py",
)
FIELDS = {*PatientFunction.model_fields, "volume_ml", "ef", "dice_bce", "batch_dice"}
"""Names of losses, and of records other than scores."""
DECIDING = [name for name in OWN if name not in FIELDS]
NAMED = re.compile(rf"(^|[._]|\b)({'|'.join(DECIDING)})($|\.|\b)")
PARSING = ("startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "split", "rsplit")
FILES = [
    path
    for folder in ("orchestrator/gridctl", "trainer/gridctl_trainer")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not path.relative_to(ROOT).as_posix().startswith(EXEMPT)
]


def decided_by(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Strings that a program compares with, looks up or removes, with their lines."""
    for node in ast.walk(tree):
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            parts = [node.value]
        elif isinstance(node, ast.Subscript):
            parts = [node.slice]
        elif isinstance(node, ast.Dict):
            parts = list(node.keys)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in PARSING:
            parts = list(node.args)
        for part in parts:
            for inner in ast.walk(part) if part is not None else ():
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    yield inner.lineno, inner.value


def test_there_are_some() -> None:
    assert {"soft_dice", "bce"} <= set(OWN)
    assert len(FILES) > 300


@pytest.mark.parametrize("text", ["x.endswith('_dice')", "name == 'soft_dice'", "{'bce': 1}", "row['soft_dice.lv']"])
def test_such_a_thing_would_be_found(text: str) -> None:
    assert any(NAMED.search(value) for _, value in decided_by(ast.parse(text)))


def test_no_metric_is_special() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {value}"
        for path in FILES
        for line, value in decided_by(ast.parse(path.read_text(encoding="utf-8")))
        if NAMED.search(value) and value not in FIELDS
    ]
    assert not found, "\n".join(found)


def test_no_module_but_its_own_is_imported() -> None:
    modules = re.compile(rf"gridctl_trainer\.metrics\.({'|'.join(OWN)})\b")
    found = [str(path) for path in FILES if modules.search(path.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)
