"""`gridctl logs RUN --store URL` finds the run in that store, in any experiment and from any folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridctl.experiment import load_experiment
from gridctl_trainer.contract.layout import AttemptName, RunLayout, experiment_yaml
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.storage.folder import FolderStore
from tests.e2e.short_commands import Command, gridctl

__all__ = ["gridctl"]

EXPERIMENT = """\
name: {name}
models: {{unet: {{}}, gamma_net: {{}}}}
train_ratios: [0.5]
seeds: [1, 2]
data: {{train: {{dataset: acdc, path: data}}, size_px: 32}}
"""


def put(folder: Path, name: str) -> list[RunSpec]:
    """An experiment in which each run has printed its own id."""
    path = folder / "experiment.yaml"
    path.write_text(EXPERIMENT.format(name=name), encoding="utf-8")
    store, runs = FolderStore(folder / "elsewhere"), list(load_experiment(path).runs)
    store.put(experiment_yaml(name), path.read_bytes())
    for run in runs:
        layout = RunLayout(name, run.run_id)
        store.put(layout.spec, run.to_json())
        store.put(layout.attempt_output(AttemptName(1, "a")), f"{run.run_id} says so\n".encode())
    path.unlink()
    return runs


@pytest.fixture
def runs(tmp_path: Path) -> list[RunSpec]:
    return put(tmp_path, "first") + put(tmp_path, "second")


def test_any_run_is_found_by_its_id_or_its_beginning(runs: list[RunSpec], gridctl: Command) -> None:
    for run in runs:
        for given in (run.run_id, run.run_id[:-3]):
            done = gridctl("logs", given, "--store", "elsewhere")
            assert (done.returncode, done.stdout) == (0, f"{run.run_id} says so\n"), done.stderr


def test_a_run_that_is_no_longer_in_the_grid_is_found(runs: list[RunSpec], gridctl: Command, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "elsewhere")
    changed = EXPERIMENT.format(name="first").replace("[1, 2]", "[3]")
    store.put(experiment_yaml("first"), changed.encode())
    done = gridctl("logs", runs[0].run_id, "--store", "elsewhere")
    assert (done.returncode, done.stdout) == (0, f"{runs[0].run_id} says so\n"), done.stderr


def test_what_is_not_there_is_answered_with_what_is(runs: list[RunSpec], gridctl: Command) -> None:
    several = gridctl("logs", "second-unet", "--store", "elsewhere")
    assert several.returncode == 2
    assert "2 runs begin with 'second-unet'" in several.stderr
    wrong = runs[-1].run_id.replace("-s2-", "-s7-")
    near = gridctl("logs", wrong, "--store", "elsewhere")
    assert near.returncode == 2
    assert f"there is no run '{wrong}'" in near.stderr
    assert f"did you mean {runs[-1].run_id}" in near.stderr
    far = gridctl("logs", "xyz", "--store", "elsewhere")
    assert far.returncode == 2
    assert "`gridctl list --store elsewhere` lists them" in far.stderr


def test_without_a_name_the_only_experiment_of_the_store_is_meant(gridctl: Command, tmp_path: Path) -> None:
    nothing = gridctl("status", "--store", "elsewhere")
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "there is no experiment in the store" in nothing.stderr
    put(tmp_path, "first")
    assert "experiment first in" in gridctl("status", "--store", "elsewhere").stderr
    put(tmp_path, "second")
    several = gridctl("status", "--store", "elsewhere")
    assert several.returncode == 2
    assert "name one: first, second" in several.stderr
