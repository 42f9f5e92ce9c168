"""Completions in a real bash, with the script that the commands print for it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

Complete = Callable[..., list[str]]

SCRIPT = """
eval "$({variable}=source_bash {program})"
function=$(complete -p {program} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
COMP_WORDS=({words})
COMP_CWORD={index}
"$function" {program}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def bash(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def completions(folder: Path, *words: str, **environment: str) -> list[str]:
    """The completions that bash proposes for the last of these words."""
    program = words[0]
    script = SCRIPT.format(
        variable=f"_{program.upper().replace('-', '_')}_COMPLETE",
        program=program,
        words=shlex.join(words),
        index=len(words) - 1,
    )
    done = bash(folder, script, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def yaml_models(path: Path) -> list[str]:
    return list(YAML(typ="safe").load(path)["models"])


def test_commands_and_options(tmp_path: Path) -> None:
    assert completions(tmp_path, "gridctl", "re") == ["report", "retry", "render"]
    assert completions(tmp_path, "gridctl", "submit", "--ba") == ["--backend"]
    assert completions(tmp_path, "gridctl", "submit", "--backend", "") == ["local", "kubernetes"]
    assert "html" in completions(tmp_path, "gridctl", "report", "--format", "")
    assert completions(tmp_path, "gridctl-trainer", "data", "p") == ["pack", "phantom"]


@pytest.mark.parametrize("command", ["status", "report", "plan", "export", "cancel", "retry", "delete"])
def test_experiments_of_this_folder(trained: Path, command: str) -> None:
    assert completions(trained, "gridctl", command, "") == ["demo"]


def test_experiments_of_a_store(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert completions(elsewhere, "gridctl", "status", "--store", str(trained / "runs"), "") == ["demo"]


def test_runs(trained: Path) -> None:
    runs = {path.parent.name for path in trained.glob("runs/demo/*/spec.json")}
    assert set(completions(trained, "gridctl", "logs", "")) == runs
    store = str(trained / "runs")
    some = completions(trained, "gridctl", "retry", "demo", "--store", store, "--run", "demo-unet")
    assert set(some) == {run for run in runs if run.startswith("demo-unet")}
    (trained / ".gridctl" / "runs" / "demo.txt").unlink()  # as left by a gridctl that did not record run ids
    assert set(completions(trained, "gridctl", "logs", "demo-")) == runs
    assert set(completions(trained.parent, "gridctl", "logs", "--store", store, "")) == runs


def test_runs_of_a_store_that_nobody_can_reach_come_from_this_folder(trained: Path) -> None:
    submitted = trained / ".gridctl" / "submitted.json"
    submitted.write_text(submitted.read_text().replace(str(trained / "runs"), "s3://bucket/runs"))
    runs = completions(trained, "gridctl", "logs", "", AWS_ENDPOINT_URL_S3="http://192.0.2.1:9")
    assert len(runs) == 4


def test_files(trained: Path) -> None:
    assert completions(trained, "gridctl", "submit", "de") == ["demo.yaml"]
    proposed = completions(trained, "gridctl", "doctor", "exp")
    assert "experiments/reduced_set.yaml" in proposed
    assert all(path.startswith("experiments/") for path in proposed)
    assert completions(trained, "gridctl", "submit", "experiments/re") == ["experiments/reduced_set.yaml"]


def test_keys(trained: Path) -> None:
    assert completions(trained, "gridctl", "submit", "demo.yaml", "--set", "training.ep") == ["training.epochs="]
    keys = completions(trained, "gridctl", "plan", "experiments/sensitivity.yaml", "--set", "models.")
    assert keys == [key for key in keys if key.split(".")[1] in yaml_models(trained / "experiments/sensitivity.yaml")]
    assert len(keys) > 20


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("training.device", ["auto", "cpu", "cuda"]),
        ("models.unet.deterministic", ["true", "false"]),
        ("backend", ["local", "kubernetes"]),
        ("training.epochs", []),
        ("data.train.path", []),
        ("no.such.key", []),
    ],
)
def test_values_of_a_key_that_has_few(trained: Path, key: str, values: list[str]) -> None:
    words = ("gridctl", "submit", "demo.yaml", "--set", key)
    assert completions(trained, *words, "=") == values
    if values:
        assert completions(trained, *words, "=", values[0][:2]) == values[:1], "bash breaks the word at `=`"


def test_a_key_is_followed_by_its_value_without_a_blank_between(trained: Path) -> None:
    for program in ("gridctl", "gridctl-trainer"):
        variable = f"_{program.upper().replace('-', '_')}_COMPLETE"
        printed = bash(trained, f"{program} --show-completion bash; {variable}=source_bash {program}").stdout
        assert printed.count("compopt -o nospace") == 2
    added = 'compopt() { local IFS=" "; echo "asked for $*"; }\n'
    words = shlex.join(["gridctl", "submit", "demo.yaml", "--set", "training.ep"])
    asked = SCRIPT.format(variable="_GRIDCTL_COMPLETE", program="gridctl", words=words, index=4)
    assert bash(trained, added + asked).stdout.split("\n")[:2] == ["asked for -o nospace", "training.epochs="]
    several = asked.replace("training.ep", "training.")
    assert "asked for" not in bash(trained, added + several).stdout


def test_models_and_their_options(tmp_path: Path) -> None:
    assert completions(tmp_path, "gridctl-trainer", "describe", "") == ["gamma_net", "unet"]
    assert completions(tmp_path, "gridctl-trainer", "describe", "gamma_net", "--set", "times") == ["timesteps="]
    chosen = ("gridctl-trainer", "describe", "gamma_net", "--set", "temporal", "=")
    assert completions(tmp_path, *chosen) == ["true", "false"]
    assert completions(tmp_path, "gridctl-trainer", "data", "pack", "a", "b", "--without", "c") == ["clahe"]


@pytest.mark.parametrize(
    "words",
    [
        ("status", ""),
        ("logs", ""),
        ("logs", "--store", "gs://what", ""),
        ("report", "-o", "s3://not-a-folder", ""),
        ("submit", "--set", ""),
        ("submit", "damaged.yaml", "--set", "models."),
        ("no-such-command", ""),
        ("status", "--no-such-option", ""),
    ],
)
def test_nothing_to_propose_is_no_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / ".gridctl").mkdir()
    (tmp_path / ".gridctl" / "submitted.json").write_text("{damaged")
    (tmp_path / "damaged.yaml").write_text("models: [unet\nseeds: 1\n data: x")
    completions(tmp_path, "gridctl", *words)


@pytest.mark.parametrize("program", ["gridctl", "gridctl-trainer"])
def test_it_is_installed_as_the_readme_says(tmp_path: Path, program: str) -> None:
    home = {"HOME": str(tmp_path)}
    installed = bash(tmp_path, f"{program} --install-completion; exit $?", **home)
    assert installed.returncode == 0, installed.stderr
    there = bash(tmp_path, f"source ~/.bashrc; complete -p {program}", **home)
    assert f"complete -o default -F _{program.replace('-', '_')}_completion {program}" in there.stdout


def test_completing_imports_nothing_slow(trained: Path) -> None:
    script = (
        "import sys, atexit\n"
        "slow = {'torch', 'pandas', 'numpy', 'boto3', 'matplotlib', 'scipy'}\n"
        "atexit.register(lambda: print('slow:', sorted(slow & set(sys.modules))))\n"
        "sys.argv = ['gridctl']\n"
        "from gridctl.cli.main import main\n"
        "main()\n"
    )
    words = "gridctl submit demo.yaml --set training."
    environment = {**os.environ, "_GRIDCTL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "4"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=trained, env=environment, capture_output=True, text=True, check=False
    )
    assert "training.epochs=" in done.stdout
    assert "slow: []" in done.stdout
