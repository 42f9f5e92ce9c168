"""Runs a notebook as Jupyter does, and shows the value at the end of each cell: `python notebook.py FILE.ipynb`."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any


def run(path: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    cells = json.loads(path.read_text("utf-8"))["cells"]
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        parsed = ast.parse("".join(cell["source"]), f"{path.name}, cell {number}")
        last = parsed.body.pop() if isinstance(parsed.body[-1], ast.Expr) else None
        exec(compile(parsed, f"{path.name}, cell {number}", "exec"), namespace)  # noqa: S102
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"{path.name}, cell {number}", "eval"), namespace)  # noqa: S307
            if value is not None:
                print(value)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
