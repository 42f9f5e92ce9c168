"""The command line starts fast, does not import torch, and is documented completely."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from gridctl.cli.main import app
from gridctl_trainer.contract.layout import experiment_yaml
from gridctl_trainer.storage.folder import FolderStore
from tests.unit.report.logged import dice_of, experiment, log_run

PROBE = """
import sys
{code}
loaded = [name for name in {forbidden} if name in sys.modules]
sys.exit(f"loaded: {{loaded}}" if loaded else 0)
"""


def loads_none_of(code: str, forbidden: list[str]) -> subprocess.CompletedProcess[str]:
    program = PROBE.format(code=code, forbidden=forbidden)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)


def test_the_orchestrator_imports_no_torch() -> None:
    """Every module is imported in a separate process."""
    code = (
        "import importlib, pkgutil, gridctl\n"
        "for module in pkgutil.walk_packages(gridctl.__path__, 'gridctl.'):\n"
        "    importlib.import_module(module.name)"
    )
    done = loads_none_of(
        code, ["torch", "cv2", "nibabel", "pydicom", "gridctl_trainer.training.loop", "gridctl_trainer.models"]
    )
    assert done.returncode == 0, done.stderr


def test_help_imports_nothing_heavy() -> None:
    heavy = ["pandas", "scipy", "numpy", "boto3", "kubernetes", "matplotlib", "pydantic", "jinja2", "statsmodels"]
    done = loads_none_of("import gridctl.cli.main", heavy)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [["--help"], ["status", "--help"], ["submit", "-h"]], ids=" ".join)
def test_showing_help_imports_what_it_needs_alone(words: list[str]) -> None:
    code = f"import sys, contextlib; sys.argv = ['gridctl', *{words}]\nfrom gridctl.cli.main import main\n"
    code += "with contextlib.suppress(SystemExit):\n    main()"
    done = loads_none_of(code, ["pydantic", "rich", "pandas", "numpy", "boto3", "yaml"])
    assert done.returncode == 0, done.stderr
    assert "Usage: gridctl" in done.stdout


def commands() -> dict[str, typer.models.CommandInfo]:
    return {(info.name or getattr(info.callback, "__name__", "")): info for info in app.registered_commands}


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_and_option_is_explained(name: str) -> None:
    command = typer.main.get_command(app)
    assert hasattr(command, "commands")
    found = command.commands[name]
    assert found.help
    for parameter in found.params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name}"


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_is_in_the_readme(name: str, project_root: Path) -> None:
    assert f"`gridctl {name}" in (project_root / "README.md").read_text()


def test_status_of_a_small_grid_imports_no_tables(tmp_path: Path) -> None:
    """Neither pandas nor pyarrow nor code for training or drawing is imported, as each takes longer than all else."""
    made = experiment(tmp_path / "data", f"store: {tmp_path / 'runs'}")
    store = FolderStore(tmp_path / "runs")
    store.put(experiment_yaml(made.name), made.document.to_yaml().encode())
    for run in made.runs[:6]:
        log_run(store, run, dice_of(0.05))
    words = ["gridctl", "status", "--runs", "--store", str(tmp_path / "runs")]
    code = f"import sys, contextlib; sys.argv = {words}\n"
    code += "from gridctl.cli.main import main\nwith contextlib.suppress(SystemExit):\n    main()"
    done = loads_none_of(code, ["pandas", "pyarrow", "numpy", "scipy", "matplotlib", "jinja2", "boto3", "torch"])
    assert done.returncode == 0, done.stderr
    assert "6 done" in done.stdout


GRID_FOR_A_CLUSTER = """\
name: demo
models: {unet: {}, gamma_net: {}}
train_ratios: [0.5]
seeds: [1, 2]
compare: {model: gamma_net, against: unet}
data: {train: {dataset: acdc, path: /data/acdc}}
backend: kubernetes
kubernetes: {image: "trainer:1"}
"""

PLANNED = """
from pathlib import Path
from gridctl.cli.views import submission
from gridctl.cli.views.plan import cost_lines
from gridctl.collection.gathered import gather
from gridctl.commands.planning.plan import estimate
from gridctl.commands.submission import carry_out
from gridctl.commands.submission.other_plugin_code import find_other_code
from gridctl.executors.kubernetes import executor
from gridctl.experiment import load_experiment
from gridctl_trainer.storage.base import open_store
made = load_experiment(Path("grid.yaml"))
found = gather(open_store("runs"), made.runs)
assert not find_other_code(made.runs, found)
print(*cost_lines(estimate(made, found, with_needs=False)))
"""


def test_a_dry_run_on_a_cluster_imports_neither_tables_nor_statistics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Importing them takes longer than all else that a submission of a few hundred runs does."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "grid.yaml").write_text(GRID_FOR_A_CLUSTER)
    heavy = ["pandas", "pyarrow", "numpy", "scipy", "matplotlib", "boto3", "kubernetes", "torch"]
    done = loads_none_of(PLANNED, heavy)
    assert done.returncode == 0, done.stderr
    assert "4 of 4 runs left" in done.stdout
