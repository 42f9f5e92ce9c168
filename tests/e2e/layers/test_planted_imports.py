"""Every import contract works: an import that it forbids makes the check fail, which names the import.

One forbidden import for each layer, each independent neighbour and each pair of a forbidden contract is written into a
copy of both packages, and one module that no contract lists. The imports are derived from the contracts, so that layers
that are added later are tested as well.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = {"gridctl": "orchestrator", "gridctl_trainer": "trainer"}
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
    "contracts"
]
LINT = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"


class Planted(NamedTuple):
    """An import that a contract forbids: a module below `source` imports `target`."""

    contract: str
    source: str
    target: str


def planted() -> Iterator[Planted]:
    """One forbidden import for each promise of each contract."""
    for contract in CONTRACTS:
        if contract["type"] == "forbidden":
            for source, target in itertools.product(contract["source_modules"], contract["forbidden_modules"]):
                yield Planted(contract["name"], source, target)
            continue
        (container,) = contract["containers"]
        layers = [[f"{container}.{name}" for name in line.split(" | ")] for line in contract["layers"]]
        for higher, lower in itertools.pairwise(layers):
            yield from (Planted(contract["name"], source, higher[0]) for source in lower)
        for layer in layers:
            yield from (Planted(contract["name"], first, second) for first, second in itertools.permutations(layer, 2))


ALL = list(planted())


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    """Exit code and output of the check on a copy with all of the imports."""
    copy = tmp_path_factory.mktemp("copy")
    for package, folder in FOLDERS.items():
        shutil.copytree(ROOT / folder / package, copy / folder / package, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / folder / package / "in_no_layer.py").touch()
    shutil.copy(ROOT / "pyproject.toml", copy)
    for source, imports in itertools.groupby(sorted(ALL, key=lambda item: item.source), key=lambda item: item.source):
        with module_of(copy, source).open("a", encoding="utf-8") as file:
            file.writelines(f"\nimport {target}\n" for target in sorted({item.target for item in imports}))
    return lint(copy)


def module_of(copy: Path, source: str) -> Path:
    """The file of a module; for a package, a new file in it, or in its last layer if it has layers."""
    layers = [contract["layers"] for contract in CONTRACTS if contract.get("containers") == [source]]
    if layers:
        names = [name for line in layers[0] for name in line.split(" | ")]
        return module_of(copy, f"{source}.{names[-1]}")
    path = copy / FOLDERS[source.partition(".")[0]] / Path(*source.split("."))
    return path / "planted.py" if path.is_dir() else path.with_suffix(".py")


def lint(copy: Path) -> tuple[int, str]:
    paths = os.pathsep.join(str(copy / folder) for folder in FOLDERS.values())
    environment = {**os.environ, "PYTHONPATH": paths, "COLUMNS": "300"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", LINT, "--no-cache", "--no-logo"],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_check_fails(said: tuple[int, str]) -> None:
    assert said[0] == 1
    assert f"{len(CONTRACTS)} broken" in said[1]


@pytest.mark.parametrize("item", ALL, ids=lambda item: f"{item.source} imports {item.target}")
def test_each_forbidden_import_is_named_by_its_contract(said: tuple[int, str], item: Planted) -> None:
    said_of_it = section_of(said[1], item.contract)
    pair = f"{item.source} is not allowed to import {item.target}: "
    assert pair in said_of_it
    assert re.search(
        rf"- [\w.]+ -> {re.escape(item.target)} \(l", said_of_it.partition(pair)[2].partition(" is not allowed")[0]
    )


@pytest.mark.parametrize("package", FOLDERS)
def test_a_module_in_no_layer_is_named(said: tuple[int, str], package: str) -> None:
    assert f"{package}.in_no_layer" in said[1]


def section_of(text: str, contract: str) -> str:
    """The report about one broken contract, on one line."""
    details = text.partition("Broken contracts")[2]
    starts = {item["name"]: details.index(f"\n{item['name']}\n--") for item in CONTRACTS}
    end = min((start for start in starts.values() if start > starts[contract]), default=None)
    return " ".join(details[starts[contract] : end].split())
