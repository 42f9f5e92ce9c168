"""Models are found by registered names or by their path, and a faulty one is named on one line."""

from __future__ import annotations

import ast
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gridctl.errors import Fault, InputError, exit_code_of
from gridctl.experiment import Document, Experiment, parse_experiment
from gridctl.experiment.known_keys import what_was_meant
from gridctl.experiment.reference.json_schema import schema_text
from gridctl.experiment.reference.key_paths import key_paths
from gridctl_trainer.plugins import entry_points
from gridctl_trainer.plugins.model import MODELS

TEXT = """\
name: tiny
models:
  mine:
    width: 3
train_ratios: [0.5]
seeds: [1]
data: {train: {dataset: acdc, path: data/acdc}, size_px: 32}
"""
GOOD = '''
from gridctl_trainer.plugins.model import ModelDescriptor, ModelOptions
from typing import Annotated, Literal
from gridctl_trainer.contract.spec.identity import RECORDED


class Options(ModelOptions):
    """Mine.

    Attributes:
        width: How wide.
    """

    width: int = 8
    name: str = "a"
    fast: Annotated[bool, RECORDED] = False
    epochs: int = 1
    size_multiple_of: int = 4

    @property
    def size_multiple(self):
        return self.size_multiple_of


MINE = ModelDescriptor("mine", build="json:loads", options=Options)
'''
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package that registers the model `mine`."""
    from gridctl.experiment import known_keys
    from gridctl_trainer.plugins import model

    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)

    def forget() -> None:
        entry_points._entry_points.cache_clear()
        known_keys._paths.cache_clear()
        model._options_of.cache_clear()

    def package(name: str, code: str = GOOD, model: str = "mine") -> None:
        (folder / f"{name}.py").write_text(code)
        about = folder / f"{name}-1.2.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (about / "entry_points.txt").write_text(f"[gridctl.models]\n{model} = {name}:MINE\n")
        forget()

    yield package
    for name in set(sys.modules) - before:
        del sys.modules[name]
    forget()


def parse(text: str) -> Experiment:
    return parse_experiment(Document.parse(text, "tiny.yaml"))


def said(text: str) -> str:
    with pytest.raises(Fault) as caught:
        parse(text)
    assert exit_code_of(caught.value) == 2
    return str(caught.value)


def test_our_own_are_registered_like_any_other() -> None:
    assert {"unet", "gamma_net"} <= set(MODELS.names())
    assert MODELS.provenance("unet").distribution == "gridctl"


def test_one_that_a_package_registers_is_a_model_like_ours(install: Install) -> None:
    install("mylab")
    (run,) = parse(TEXT).runs
    assert (run.network.architecture, run.network.options) == ("mine", {"width": 3})
    assert MODELS.provenance("mine").source_digest
    assert "mine" in json.loads(schema_text())["properties"]["models"]["anyOf"][0]["properties"]
    assert "models.mine.width" in set(key_paths())


def test_a_value_that_is_the_default_or_only_recorded_changes_no_id(install: Install) -> None:
    install("mylab")
    plain = parse(TEXT).runs[0].run_id
    assert parse(TEXT.replace("width: 3", "width: 3\n    name: a")).runs[0].run_id == plain
    fast = parse(TEXT.replace("width: 3", "width: 3\n    fast: true")).runs[0]
    assert (fast.run_id, fast.network.execution) == (plain, {"fast": True})
    assert parse(TEXT.replace("width: 3", "width: 4")).runs[0].run_id != plain


def test_mistakes_in_its_options_have_their_line_and_its_own_keys_are_proposed_first(install: Install) -> None:
    install("mylab")
    assert "tiny.yaml:4: models.mine.widht: unknown key 'widht'\n  did you mean 'width'?" in said(
        TEXT.replace("width: 3", "widht: 3")
    )
    assert said(TEXT.replace("width: 3", "width: wide")).startswith("tiny.yaml:4: models.mine.width: ")
    nested = TEXT.replace("width: 3", "options: {width: wide}")
    assert said(nested).startswith("tiny.yaml:4: models.mine.options.width: ")
    assert "did you mean 'width'" in what_was_meant("widht", ["width", "epochs"])


def test_an_option_that_is_also_a_key_of_training_is_put_into_one_of_them(install: Install) -> None:
    install("mylab")
    assert (
        "tiny.yaml:4: models.mine.epochs: could be an option of mine, or a key of training\n"
        "  write it into the section models.mine.options or models.mine.training"
    ) in said(TEXT.replace("width: 3", "epochs: 3"))
    (run,) = parse(TEXT.replace("width: 3", "options: {epochs: 3}\n    training: {epochs: 9}")).runs
    assert (run.network.options, run.training.epochs) == ({"epochs": 3}, 9)


def test_a_key_given_twice_is_refused(install: Install) -> None:
    install("mylab")
    assert "tiny.yaml:4: models.mine.width: is given twice, beside `options` and in it" in said(
        TEXT.replace("width: 3", "width: 3\n    options: {width: 4}")
    )
    assert "models.mine.training: expected a mapping of keys to values" in said(TEXT.replace("width: 3", "training: 3"))


def test_a_size_that_it_does_not_take_is_refused_with_one_that_it_does(install: Install) -> None:
    install("mylab")
    assert (
        "tiny.yaml:7: data.size_px: data.size_px is 30, but mine takes images whose sides are multiples of 4\n"
        "  use a multiple of 4, such as 28 or 32"
    ) in said(TEXT.replace("size_px: 32", "size_px: 30"))


def test_an_unknown_one_is_answered_with_the_nearest_and_how_to_install_one() -> None:
    text = said(TEXT.replace("mine", "u_nett"))
    assert text.startswith("tiny.yaml:3: models.u_nett: unknown model 'u_nett'\n  did you mean 'unet'?")
    assert "pip install" in text
    assert 'architecture: "pkg.module:Name"' in text


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise RuntimeError('one\\ntwo')", "RuntimeError: one"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("MINE = 3", "is registered as something else"),
        ("import no_such", "of mylab 1.2 cannot be imported"),
        (GOOD.replace("epochs: int", "architecture: str"), "has an option 'architecture'"),
        (GOOD.replace("epochs: int", "options: dict"), "has an option 'options'"),
        (GOOD.replace("epochs: int", "training: str"), "has an option 'training'"),
        (GOOD.replace("epochs: int", "preset: str"), "has an option 'preset'"),
        (GOOD.replace("options=Options", "options='mylab:json_'"), "AttributeError"),
        (GOOD.replace("options=Options", "options=dict"), "derived from ModelOptions"),
    ],
)
def test_one_that_is_at_fault_is_said_in_one_line_with_its_package(install: Install, code: str, reason: str) -> None:
    install("mylab", code)
    text = said(TEXT)
    assert reason in text
    assert "mylab" in text
    assert len(text.splitlines()) == 2
    parse(TEXT.replace("mine:\n    width: 3", "unet: {}"))  # other models still work


def test_one_that_two_packages_register_names_both(install: Install) -> None:
    install("mylab")
    install("yourlab")
    assert "the model 'mine' is registered twice: by " in said(TEXT)
    assert {"mylab 1.2", "yourlab 1.2"} <= set(re.findall(r"\w+ 1\.2", said(TEXT)))


def test_one_named_by_its_path_is_not_imported_here() -> None:
    text = TEXT.replace("width: 3", 'architecture: "no_such_module.nets:Net"\n    width: 3\n    batch_size: 2')
    (run,) = parse(text).runs
    assert (run.network.options, run.training.batch_size) == ({"width": 3}, 2)
    assert "is not the path of a model" in said(text.replace("nets:Net", "nets:"))


def test_folders_of_plugin_path_start_at_the_file(tmp_path: Path) -> None:
    from gridctl.experiment import load_experiment

    (tmp_path / "tiny.yaml").write_text(
        TEXT.replace("mine", "unet").replace("width: 3", "norm: batch") + "plugin_path: [nets, /opt/nets]\n"
    )
    loaded = load_experiment(tmp_path / "tiny.yaml")
    assert loaded.runs[0].plugin_path == (str(tmp_path / "nets"), "/opt/nets")
    stored = parse_experiment(Document.parse(loaded.document.to_yaml(), "s3://bucket/tiny/experiment.yaml"))
    assert stored.runs == loaded.runs
    without = load_experiment(tmp_path / "tiny.yaml", ["plugin_path=[]"])
    assert without.runs[0].run_id == loaded.runs[0].run_id


def test_nothing_asks_for_a_built_in_model_by_its_name(project_root: Path) -> None:
    """Models may be named only in their own folders, where they are registered, and to reproduce a study."""
    found = []
    own = ("gridctl_trainer/models/", "gridctl/studies/", "contract/released/")
    for package in (project_root / "orchestrator" / "gridctl", project_root / "trainer" / "gridctl_trainer"):
        for path in package.rglob("*.py"):
            if any(part in path.as_posix() for part in own):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Compare | ast.Match | ast.Dict | ast.Set):
                    named = [leaf.value for leaf in ast.walk(node) if isinstance(leaf, ast.Constant)]
                    found += [f"{path}:{node.lineno}" for name in ("unet", "gamma_net") if name in named]
                module = getattr(node, "module", "") or "" if isinstance(node, ast.ImportFrom) else ""
                if module.startswith(("gridctl_trainer.models.unet", "gridctl_trainer.models.gamma_net")):
                    found.append(f"{path}:{node.lineno}")
    assert not found


def test_a_refused_option_leaves_nothing_behind(install: Install) -> None:
    install("mylab")
    with pytest.raises(InputError):
        parse(TEXT.replace("width: 3", "nothing: 3"))


@pytest.mark.parametrize("code", ["", "raise RuntimeError"])
def test_what_was_trained_by_one_that_is_not_here_can_still_be_read(
    install: Install, tmp_path: Path, code: str
) -> None:
    """The model's defaults are unknown here, but the runs record their options."""
    install("mylab")
    text = TEXT.replace("width: 3", "width: 3\n    name: a\n    batch_size: 2")
    runs = parse(text).runs
    other = parse(text.replace("name: a", "name: b")).runs
    networks = [run.network for run in (*runs, *other)]
    installed = tmp_path / "site-packages"
    shutil.rmtree(installed / "mylab-1.2.dist-info")
    sys.modules.pop("mylab")
    if code:
        install("mylab", code)
    else:
        entry_points._entry_points.cache_clear()
    document = Document.parse(text, "tiny.yaml")
    assert parse_experiment(document, from_elsewhere=True, trained=lambda *_: networks).runs == runs
    with pytest.raises(Fault):
        parse_experiment(document, from_elsewhere=True, trained=lambda *_: [])
