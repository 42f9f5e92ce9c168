"""Everything works without a study, which consists of its folder, one registration, its tests and `reproduces:`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STUDY = "li2020"
SOURCES = ("orchestrator", "trainer", "tests", "experiments", "docs", "pyproject.toml", "README.md")
REGISTRY = Path("orchestrator/gridctl/experiment/study_registry.py")
NAMES = re.compile(r"li2020|thesis|\bLi \(2020\)", re.IGNORECASE)

IMPORT_ALL = """
import importlib, pkgutil, gridctl
assert gridctl.__file__.startswith({root!r}), gridctl.__file__
names = [module.name for module in pkgutil.walk_packages(gridctl.__path__, "gridctl.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names))
"""
STORE = """
from pathlib import Path
from gridctl_trainer.contract.layout import experiment_yaml
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run

store, tiny = FolderStore(Path("store")), experiment(Path("data"))
store.put(experiment_yaml(tiny.name), tiny.document.to_yaml().encode())
for run in tiny.runs:
    log_run(store, run, dice_of(0.03))
"""
READ_EXPERIMENTS = """
from pathlib import Path
from gridctl.experiment import load_experiment
from gridctl.experiment.reference.json_schema import schema_text

for path in Path("experiments").glob("*.yaml"):
    load_experiment(path)
print(schema_text())
"""
GRIDCTL = "import sys; from gridctl_start import gridctl; sys.exit(gridctl())"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources without the study."""
    root = tmp_path_factory.mktemp("copy")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", STUDY))
        else:
            shutil.copy(ROOT / name, root)
    without(root / REGISTRY, rf'    "{STUDY}": .*')
    for path in (root / "experiments").glob("*.yaml"):
        without(path, r"reproduces:.*", times=None)
    return root


def without(path: Path, line: str, times: int | None = 1) -> None:
    """Remove the lines that match."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [text for text in lines if not re.fullmatch(line, text.rstrip())]
    assert times is None or len(lines) - len(kept) == times
    path.write_text("".join(kept), encoding="utf-8")


def python(copy: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python with the packages of the copy only."""
    paths = [str(copy / "orchestrator"), str(copy / "trainer"), str(copy)]
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd or copy,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def test_nothing_but_its_registration_names_it() -> None:
    """Only one line names the study outside its own package and its tests."""
    code = (
        path for path in (ROOT / "orchestrator").rglob("*") if path.suffix in (".py", ".j2", ".css", ".js", ".toml")
    )
    found = [
        (path.relative_to(ROOT), line.strip())
        for path in code
        if STUDY not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if NAMES.search(line)
    ]
    assert found == [(REGISTRY, f'"{STUDY}": "gridctl.studies.{STUDY}:STUDY",')]


def test_every_module_is_imported(copy: Path) -> None:
    assert int(python(copy, "-c", IMPORT_ALL.format(root=str(copy))).stdout) > 100


def test_a_report_is_written(copy: Path, tmp_path: Path) -> None:
    python(copy, "-c", STORE, cwd=tmp_path)
    python(copy, "-c", GRIDCTL, "report", "tiny", "--store", "store", "-o", "out", cwd=tmp_path)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert 'id="significance"' in page
    assert "study-" not in page


def test_the_experiments_are_read_and_their_schema_offers_nothing_to_reproduce(copy: Path) -> None:
    schema = python(copy, "-c", READ_EXPERIMENTS).stdout
    assert '"maxItems": 0' in schema
    assert "table-5" not in schema


def test_the_layers_are_kept(copy: Path) -> None:
    code = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    assert "0 broken" in python(copy, "-c", code, "--no-cache").stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_types_are_green(copy: Path) -> None:
    assert "no issues found" in python(copy, "-m", "mypy").stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tests_of_reports_and_documents_are_green(copy: Path) -> None:
    python(copy, "-m", "gridctl.experiment.reference.documentation", "docs")
    files = ("unit/report/test_formats.py", "unit/experiment/test_json_schema.py", "e2e/reports/test_files.py")
    python(copy, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *(f"tests/{file}" for file in files))
