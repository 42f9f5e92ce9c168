"""Executors are found by registered names, and a faulty one is named with its package."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gridctl.errors import InputError, exit_code_of
from gridctl.executors.registry import descriptor_of, open_executor, require_options
from gridctl.experiment import Document, Experiment, parse_experiment
from gridctl.experiment.executor_names import installed_executors
from gridctl_trainer.contract.errors import Fault
from gridctl_trainer.storage.base import open_store

TEXT = """\
name: tiny
models: [unet]
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: acdc, path: data/acdc}}
backend: mine
"""
GOOD = "from gridctl.executors.descriptor import ExecutorDescriptor\nMINE = ExecutorDescriptor('mine', 'json:loads')\n"
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package that registers the executor `mine`."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)

    def package(name: str, code: str = GOOD, executor: str = "mine", into: Path = folder) -> None:
        (into / f"{name}.py").write_text(code)
        about = into / f"{name}-1.2.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (about / "entry_points.txt").write_text(f"[gridctl.executors]\n{executor} = {name}:MINE\n")
        _forget()

    yield package
    for name in set(sys.modules) - before:
        del sys.modules[name]
    _forget()


def _forget() -> None:
    from gridctl_trainer.plugins import entry_points

    entry_points._entry_points.cache_clear()


def experiment(text: str = TEXT) -> Experiment:
    return parse_experiment(Document.parse(text, "tiny.yaml"), from_elsewhere=True)


def fault_of(name: str) -> Fault:
    with pytest.raises(Fault) as caught:
        descriptor_of(name)
    assert exit_code_of(caught.value) == 2
    assert len(caught.value.problems) == 1
    return caught.value


def test_our_own_are_registered_like_any_other() -> None:
    assert list(installed_executors())[:2] == ["local", "kubernetes"]
    assert installed_executors()["local"][0].distribution.startswith("gridctl ")


def test_one_that_a_package_registers_is_found_by_its_name(install: Install) -> None:
    install("mylab")
    assert descriptor_of("mine").summary == "mine"
    assert "mine" in installed_executors()


def test_an_unknown_one_is_answered_on_its_line_with_the_nearest_and_how_to_install_one() -> None:
    with pytest.raises(InputError) as caught:
        parse_experiment(Document.parse(TEXT.replace("mine", "kubernets"), "tiny.yaml"))
    said = str(caught.value)
    assert said.startswith("tiny.yaml:6: backend: unknown executor 'kubernets'\n  did you mean 'kubernetes'?")
    assert "known: local, kubernetes" in said
    assert "pip install" in said


def test_what_was_trained_by_one_that_is_not_installed_here_can_still_be_read() -> None:
    assert experiment().backend == "mine"
    with pytest.raises(InputError, match=r"tiny\.yaml:6: backend: unknown executor 'mine'"):
        open_executor("mine", experiment(), open_store("."))


def test_one_that_two_packages_register_names_both(install: Install) -> None:
    install("mylab")
    install("yourlab")
    assert "'mine' is registered twice: by " in str(fault_of("mine"))
    assert {"mylab 1.2", "yourlab 1.2"} <= set(re.findall(r"\w+ 1\.2", str(fault_of("mine"))))


def test_nobody_takes_the_place_of_ours(install: Install) -> None:
    install("mylab", executor="local")
    said = str(fault_of("local"))
    assert "'local' is registered twice" in said
    assert "mylab 1.2" in said
    assert re.search(r"gridctl \d", said)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise RuntimeError('one\\ntwo')", "RuntimeError: one"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("x =", "SyntaxError: invalid syntax"),
        ("OTHER = 1", "AttributeError: module 'mylab' has no attribute 'MINE'"),
    ],
)
def test_one_that_fails_on_import_is_one_line_with_its_error_and_its_package(
    install: Install, code: str, said: str
) -> None:
    install("mylab", code)
    first, fix = str(fault_of("mine")).splitlines()
    assert first.startswith(f"mylab:MINE: the executor 'mine' of mylab 1.2 cannot be imported: {said}")
    assert "mylab 1.2" in fix


def test_one_that_is_no_descriptor_is_refused(install: Install) -> None:
    install("mylab", "MINE = 1")
    assert "'mine' of mylab 1.2 is registered as something else" in str(fault_of("mine"))


def test_one_that_is_broken_troubles_nobody_who_does_not_use_it(install: Install) -> None:
    install("mylab", "raise RuntimeError")
    assert descriptor_of("local").on_this_machine


def test_a_section_is_refused_where_the_executor_has_no_options(install: Install) -> None:
    install("mylab")
    with pytest.raises(InputError, match=r"tiny\.yaml:7: mine: the executor 'mine' has no options"):
        require_options(experiment(TEXT + "mine: {a: 1}\n"))


def test_nothing_in_the_current_folder_is_a_plugin(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    install("trap", into=here)
    monkeypatch.chdir(here)
    for entry in ("", ".", str(here)):
        monkeypatch.setattr(sys, "path", [entry, *sys.path])
        _forget()
        assert "mine" not in installed_executors()


def test_the_name_of_a_package_that_fails_is_said_by_the_command(install: Install, tmp_path: Path) -> None:
    install("mylab", "import no_such_module")
    (tmp_path / "tiny.yaml").write_text(TEXT)
    done = subprocess.run(
        [sys.executable, "-m", "gridctl", "submit", "tiny.yaml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site-packages")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: mylab:MINE: the executor 'mine' of mylab 1.2 cannot be imported: Module")
    assert len(done.stderr.splitlines()) == 2
    assert not (tmp_path / "runs").exists()


def test_commands_never_ask_for_an_executor_by_its_name(project_root: Path) -> None:
    """Commands ask for a capability. import-linter finds imports of an executor; this finds comparisons of names."""
    package = project_root / "orchestrator" / "gridctl"
    found = []
    for path in [*(package / "cli").rglob("*.py"), *(package / "commands").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare | ast.Match | ast.Dict | ast.Set):
                named = [leaf.value for leaf in ast.walk(node) if isinstance(leaf, ast.Constant)]
                found += [f"{path}:{node.lineno}" for name in ("local", "kubernetes") if name in named]
    assert not found


def test_the_schema_lists_those_that_are_installed(install: Install) -> None:
    from gridctl.experiment.reference.json_schema import schema_text

    install("mylab")
    assert json.loads(schema_text())["properties"]["backend"]["enum"] == ["local", "kubernetes", "mine"]
