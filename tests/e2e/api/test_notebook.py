"""The example notebook runs from its first cell to its last in a checkout, on data that it makes itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_notebook_runs(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments")
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "laptop.ipynb", tmp_path / "examples")
    command = [sys.executable, str(Path(__file__).parent / "notebook.py"), "laptop.ipynb"]
    done = subprocess.run(command, cwd=tmp_path / "examples", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[4/4 done]" in done.stdout  # printed through `progress=print`
    assert "(True, {})" in done.stdout
    assert "gamma_net" in done.stdout
    assert (tmp_path / "examples" / "report" / "report.html").is_file()
